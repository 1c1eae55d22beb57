"""What answers say. Times are RFC 3339 in UTC. Their OpenAPI schemas are made from these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from pikoci.internal.api.approval_views import AnnouncementView, ApprovalView
from pikoci.internal.api.credential_views import ApiTokenView
from pikoci.internal.domain.errors import Diagnostic
from pikoci.internal.domain.job_inputs import Value

T = TypeVar("T")

Result = Literal["succeeded", "failed", "cancelled", "errored", "warning"]
Activity = Literal["started", "waiting", "pending"]
Status = Literal[Activity, Result]
StepState = Literal["started", "succeeded", "failed", "cancelled", "errored", "skipped"]


class Listing(Struct, Generic[T], frozen=True):
    """Part of a list; `next` is the cursor of the next part, null at the end."""

    items: list[T]
    next: str | None


class TokenView(Struct, frozen=True):
    """A session's token, to be sent as `Authorization: Bearer <token>`."""

    token: str


class ProfileView(Struct, frozen=True, omit_defaults=True):
    """Who the token belongs to, and the role in each team; an API token also says what it is."""

    name: str
    is_admin: bool
    must_change_password: bool
    teams: dict[str, str]
    token: ApiTokenView | None = None


class UserView(Struct, frozen=True):
    """A user."""

    name: str
    is_admin: bool
    must_change_password: bool


class TeamView(Struct, frozen=True):
    """A team."""

    name: str


class MemberView(Struct, frozen=True):
    """A member of a team."""

    name: str
    role: str


class BuildView(Struct, frozen=True):
    """A build without its parts. `number` is `3`, or `3.1` for a retry; `log_size` is in bytes.

    `name` is `team/pipeline/job#number`, which the command line takes wherever it takes a build.
    """

    id: int
    name: str
    job: str
    number: str
    status: Status
    reason: str
    attempt: int
    worker: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    log_size: int
    priority: int


class StepView(Struct, frozen=True):
    """A step of an attempt; `id` is its path in the plan, `try_number` counts its `attempts`."""

    id: str
    name: str
    kind: str
    status: StepState
    attempt: int
    try_number: int
    exit_code: int | None
    reason: str
    started_at: datetime | None
    finished_at: datetime | None


class InputView(Struct, frozen=True):
    """The version that a get took in."""

    get: str
    resource: str
    version_id: int
    version: dict[str, Any]
    metadata: dict[str, str]


class OutputView(Struct, frozen=True):
    """The version that a put made."""

    put: str
    resource: str
    version_id: int
    version: dict[str, Any]
    metadata: dict[str, str]


class BuildDetailView(BuildView, frozen=True):
    """A build with its steps, inputs and outputs. `values` are those of the job's `input` blocks.

    `approved_at` is when it had its `approvals`; a retry of an approved build has its original's time, and none to get.
    """

    approvals: list[ApprovalView]
    announcements: list[AnnouncementView]
    approved_at: datetime | None
    steps: list[StepView]
    inputs: list[InputView]
    outputs: list[OutputView]
    values: dict[str, Value]


class ReproductionView(Struct, frozen=True):
    """What is needed to run a build's job elsewhere: the pipeline's file as it is set now (`changed_since` if that was
    after the build was made), the values of variables that are not secret, and what the build was given.

    `secrets` names the variables whose values are missing, `inputs` are versions by the names of gets, and `values` are
    those of the job's `input` blocks.
    """

    build: BuildView
    config: str
    changed_since: bool
    variables: dict[str, Any]
    secrets: list[str]
    inputs: dict[str, dict[str, Any]]
    values: dict[str, Value]


class LogView(Struct, frozen=True, omit_defaults=True):
    """Log bytes from `offset` on: as `text`, or as `base64` where they are not UTF-8 by themselves."""

    offset: int
    step: str
    attempt: int
    at: datetime
    text: str | None = None
    base64: str | None = None


class StandingView(Struct, frozen=True):
    """How something with builds stands: the `last` result, and what goes on `now`; null where there is none."""

    last: Result | None
    now: Activity | None


class JobView(Struct, frozen=True):
    """A job with its newest build, and the newest that ended."""

    name: str
    status: StandingView
    paused: bool
    archived: bool
    latest: BuildView | None
    finished: BuildView | None


class JobInputView(Struct, frozen=True):
    """An `input` block of a job: what is asked for when a build is started by hand. `choices`, where there are any, are
    the only values, of a list its only elements; one that is `required` must not be empty.
    """

    name: str
    type: Literal["string", "number", "bool", "list"]
    description: str
    default: Value | None
    choices: list[str]
    required: bool


class JobDetailView(JobView, frozen=True):
    """A job with its `input` blocks, which the public does not see."""

    inputs: list[JobInputView]


class PipelineView(Struct, frozen=True):
    """A pipeline with its jobs' state; `revision` grows with each change.

    `status` is the worst `last` and the liveliest `now` of its jobs.
    """

    team: str
    name: str
    status: StandingView
    paused: bool
    public: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    jobs: list[JobView]


class PipelineDetailView(Struct, frozen=True):
    """A pipeline, and the text of its file for those who may read it. Values of variables are never given back."""

    pipeline: PipelineView
    config: str | None


class DetailView(Struct, frozen=True):
    """One difference: where, and the values before and after. Secret ones are hidden."""

    path: str
    before: Any
    after: Any


class ChangeView(Struct, frozen=True):
    """A thing of a pipeline that is added, removed or changed."""

    kind: Literal["added", "removed", "changed"]
    what: str
    name: str
    details: list[DetailView]


class StartView(Struct, frozen=True):
    """A job that gets so many builds at once; of more than 20, the first 20 are counted."""

    job: str
    builds: int


class PlanView(Struct, frozen=True):
    """What setting the pipeline would change, and what would start: builds, and checks of resources.

    `unseen` is the number of jobs that there was no time to look at.
    """

    changes: list[ChangeView]
    warnings: list[Diagnostic]
    starts: list[StartView]
    checks: list[str]
    unseen: int


class SetView(Struct, frozen=True):
    """What setting the pipeline changed."""

    pipeline: PipelineView
    changes: list[ChangeView]
    warnings: list[Diagnostic]


class NodeView(Struct, frozen=True):
    """A job or resource in a graph; a resource has no builds, and no `status`."""

    id: str
    kind: str
    name: str
    status: StandingView | None
    paused: bool


class EdgeView(Struct, frozen=True):
    """A version's way from node to node; `trigger` says whether a new one starts the target."""

    source: str
    target: str
    kind: str
    resource: str
    trigger: bool


class GraphView(Struct, frozen=True):
    """A pipeline as nodes and edges, in file order."""

    nodes: list[NodeView]
    edges: list[EdgeView]


class VersionView(Struct, frozen=True):
    """A version of a resource. One that is not `listed` was made by a put, and no check has listed it yet.

    `metadata` is what is known beside it, for people: of a commit `author`, `date`, `message` and, where it is known,
    `url`.
    """

    id: int
    version: dict[str, Any]
    enabled: bool
    listed: bool
    created_at: datetime
    metadata: dict[str, str]


class ResourceView(Struct, frozen=True):
    """A resource; `name` is `type.name`. For the public `webhook_token` is empty, and `check_error` tells no more than
    that there is one. `has_webhook_secret` says that only signed deliveries count, which is shown to members.

    `waiting_reason` says why no worker takes its check; it is empty where nothing is wrong.
    """

    name: str
    type: str
    check_interval: str
    last_checked_at: datetime | None
    next_check_at: datetime | None
    check_error: str
    waiting_reason: str
    webhook_token: str
    has_webhook_secret: bool
    archived: bool
    latest: VersionView | None
    pinned: VersionView | None


class WebhookTokenView(Struct, frozen=True):
    """A resource's new webhook token; POST to `/webhooks/<token>` starts a check."""

    webhook_token: str


class StartedView(Struct, frozen=True):
    """The builds that were started."""

    builds: list[BuildView]


class SecretView(Struct, frozen=True):
    """What is known of a secret: who set it, and when. `set_by` may be somebody who is no user any more."""

    name: str
    set_by: str
    set_at: datetime


class DeliveredView(Struct, frozen=True):
    """What became of a delivery: `checked` says that the resource will be, else `reason` why not."""

    resource: str
    checked: bool
    reason: str


class HealthView(Struct, frozen=True):
    """The server is well."""

    status: Literal["ok"]


class ServerVersionView(Struct, frozen=True):
    """The server's version."""

    version: str
