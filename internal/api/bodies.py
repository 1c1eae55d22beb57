"""What requests may say: bodies and query parameters. Their OpenAPI schemas are made from these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from pikoci.internal.api.names import AccountName, PipelineName
from pikoci.internal.domain.approval import MAX_VOTE_REASON, VOTE_REASON_PATTERN
from pikoci.internal.domain.audit import MAX_PART
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.job_inputs import Value
from pikoci.internal.domain.names import MAX_LABEL, MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, Count, Id
from pikoci.internal.domain.secret_entries import MAX_VALUE
from pikoci.internal.domain.tags import MAX_TOKEN_TAGS, TAG_PATTERN

Password = Annotated[str, Meta(min_length=1, max_length=1024)]
Tag = Annotated[str, Meta(pattern=TAG_PATTERN)]
#: One that is to be set; the document cannot say that its limit counts bytes.
FreshPassword = Annotated[
    str,
    Meta(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        description=f"at most {MAX_PASSWORD} bytes in UTF-8, and no NUL",
        extra_json_schema={"pattern": r"^[^\u0000]*$"},
    ),
]
Label = Annotated[str, Meta(max_length=MAX_LABEL)]
VoteReason = Annotated[str, Meta(max_length=MAX_VOTE_REASON)]
_STATUS = "|".join(BuildStatus)


class Nothing(Struct, forbid_unknown_fields=True, frozen=True):
    """For what takes no body, or no parameters: whatever comes is refused by name."""


class Login(Struct, forbid_unknown_fields=True, frozen=True):
    """Who wants a token."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    password: Password


class NewPassword(Struct, forbid_unknown_fields=True, frozen=True):
    """A change of one's own password."""

    current: Password
    new: FreshPassword


class SetPipeline(Struct, forbid_unknown_fields=True, frozen=True):
    """A pipeline as it shall be: the text of its file and the values of its variables. `name` is the address's."""

    config: str
    vars: dict[str, Any] = {}
    name: PipelineName | None = None


class NewPipeline(Struct, forbid_unknown_fields=True, frozen=True):
    """A pipeline to make."""

    name: PipelineName
    config: str
    vars: dict[str, Any] = {}


class Trigger(Struct, forbid_unknown_fields=True, frozen=True):
    """What to build with, where it is not the default.

    `inputs` are versions: a get's name, or a resource's, to a version's id. `values` are those of the job's `input`
    blocks, by name.
    """

    inputs: dict[str, Id] = {}
    values: dict[str, Value] = {}


class Approve(Struct, forbid_unknown_fields=True, frozen=True):
    """An approval. `label` may be left out where the build waits for one only; `reason` is shown with the vote."""

    label: Label = ""
    reason: VoteReason = ""


class Reject(Struct, forbid_unknown_fields=True, frozen=True):
    """A rejection, which must have a reason."""

    reason: Annotated[VoteReason, Meta(pattern=VOTE_REASON_PATTERN)]
    label: Label = ""


class Pin(Struct, forbid_unknown_fields=True, frozen=True):
    """The version to offer alone."""

    version_id: Id


class NewUser(Struct, forbid_unknown_fields=True, frozen=True):
    """A user to make, who must change the password."""

    name: AccountName
    password: FreshPassword
    is_admin: bool = False


class NewTeam(Struct, forbid_unknown_fields=True, frozen=True):
    """A team to make."""

    name: AccountName


class NewWorkerToken(Struct, forbid_unknown_fields=True, frozen=True):
    """A worker token to make: for the team's work alone, or for every team's.

    Its worker may have the `tags`: any if they are left out, none if the list is empty.
    """

    team: AccountName | None = None
    tags: Annotated[list[Tag], Meta(max_length=MAX_TOKEN_TAGS)] | None = None


class NewSecret(Struct, forbid_unknown_fields=True, frozen=True):
    """The value of a secret. It is never given back."""

    value: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_VALUE,
            description=f"at most {MAX_VALUE:,} bytes in UTF-8, and no NUL",
            extra_json_schema={"pattern": r"^[^\u0000]*$"},
        ),
    ]

    def __repr__(self) -> str:
        """Leave the value out."""
        return "NewSecret()"


class Membership(Struct, forbid_unknown_fields=True, frozen=True):
    """What a member may do."""

    role: Literal["read", "write", "maintain", "admin"]


class PageQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which part of a list: `limit` items after `cursor`, which the part before named as `next`."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(min_length=1, max_length=512)] | None = None


class BuildQuery(PageQuery, forbid_unknown_fields=True, frozen=True):
    """Also which builds: `status` holds one status or several, with commas between."""

    status: (
        Annotated[
            str,
            Meta(min_length=1, max_length=200, extra_json_schema={"pattern": f"^({_STATUS})(,({_STATUS}))*$"}),
        ]
        | None
    ) = None


class AuditQuery(PageQuery, forbid_unknown_fields=True, frozen=True):
    """Also which entries: `action` ending in a dot stands for all that begin with it, `object` for what is below it.

    `outcome` is `done`, `refused` or the slug of a problem. `since` is the first time that counts, `until` the first
    that does not.
    """

    actor: Annotated[str, Meta(max_length=MAX_PART)] = ""
    action: Annotated[str, Meta(max_length=64)] = ""
    object: Annotated[str, Meta(max_length=4 * MAX_PART)] = ""
    outcome: Annotated[str, Meta(max_length=64)] = ""
    since: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    until: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


class GraphQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """How a graph is drawn."""

    format: Literal["json", "dot", "mermaid", "svg"] = "json"


class EventQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Where in the log to begin, in bytes; the header Last-Event-ID wins over it."""

    offset: Count = 0
