"""How a worker sees the server: one interface, spoken directly by the embedded worker and over HTTP by a remote one.

Every method may raise UnavailableError, after which the same call can be repeated safely: all of them are idempotent.
Both implementations pass the same contract tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, Protocol

import msgspec

from pikoci.internal.domain.build import ANY_LEVEL
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.levels import UNSAID
from pikoci.internal.domain.names import MAX_NAME, Id
from pikoci.internal.domain.plan import (
    JobPlan,
    Notification,
    NotificationType,
    Resource,
    ResourceType,
    RunnerType,
    Secrets,
    ServiceType,
)

#: A worker has at most so many queues, tags and slots.
MAX_WORKER_NAMES, MAX_SLOTS = 200, 10_000

_Text = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
_Queue = Annotated[str, msgspec.Meta(max_length=500)]  # it may hold a team and six tags
_Texts = Annotated[list[_Text], msgspec.Meta(max_length=MAX_WORKER_NAMES)]


class WorkerHello(msgspec.Struct, frozen=True, kw_only=True):
    """A worker introduces itself. `instance` is new at every start of the process, `name` is kept across restarts.

    A remote worker's instance is `<secret>.<start>`, see `wire.instance_key`. `place` stands for the running machine
    and the work directory there, which the process has locked: of two processes at one place the earlier is dead, with
    all that it ran. It is empty for workers of older releases.
    `level` tells which plans it can run, see `levels`.
    """

    name: str
    instance: str
    version: _Text
    queues: Annotated[list[_Queue], msgspec.Meta(max_length=MAX_WORKER_NAMES)]
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=MAX_SLOTS)]
    tags: _Texts = []
    place: _Text = ""
    level: Annotated[int, msgspec.Meta(ge=1, le=ANY_LEVEL)] = UNSAID


class WorkerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the server asks of a worker; seconds and bytes. One that is `cordoned` takes nothing until told to."""

    heartbeat_interval: float = 5.0
    lease: float = 30.0
    log_head_limit: int = 256 * 1024 * 1024
    log_tail_limit: int = 1024 * 1024
    check_timeout: float = 3600.0
    cordoned: bool = False


class ClaimRef(msgspec.Struct, frozen=True, kw_only=True):
    """One claim that a worker holds; `id` is that of the build or announcement, or for a check that of the resource."""

    id: Id = msgspec.field(name="build_id")  # so workers and servers of either side of the change understand each other
    claim: Id


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """A worker is alive, in this state, and renews the leases of these claims.

    The last one says `ended`: nothing that this instance took runs any more. The claims in it are those whose results
    it has and could not deliver yet; all others are run again at once, and another process may have its name.
    """

    name: str
    instance: str
    state: Literal["running", "draining", "cordoned", "ended"]
    builds: list[ClaimRef] = []
    checks: list[ClaimRef] = []
    announcements: list[ClaimRef] = []


class WorkerCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What the server wants of a worker now. `cancel` names a claim and a reason for people."""

    kind: Literal["cancel", "drain", "cordon", "uncordon"]
    build_id: int = 0
    claim: int = 0
    reason: str = ""


class HeartbeatReply(msgspec.Struct, frozen=True, kw_only=True):
    """`lost` (builds) and the others are claims that are no longer this worker's: stop them and forget them.

    Ids of builds, resources and announcements overlap, hence three lists. `commands` repeat until obeyed.
    """

    lost: list[ClaimRef] = []
    lost_checks: list[ClaimRef] = []
    lost_announcements: list[ClaimRef] = []
    commands: list[WorkerCommand] = []


class BuildInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the BUILD_* variables of a command say; `inputs` are its INPUT_* variables."""

    id: int
    number: str
    job: str
    pipeline: str
    team: str
    url: str = ""
    inputs: dict[str, str] = {}


class BuildAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a claim: all that is needed to run the build. `inputs` maps a get's name to its version.

    `env` is that of the pipeline's file; the job's comes on top. `notifications` are those that steps name, and those
    that the end of the build may send. `secrets` are those that texts of all this name.
    """

    build: BuildInfo
    claim: int
    lease: float
    job: JobPlan
    resources: list[Resource]
    resource_types: list[ResourceType]
    runner_types: list[RunnerType]
    inputs: dict[str, dict[str, object]]
    service_types: list[ServiceType] = []
    masks: list[str] = []
    env: dict[str, str] = {}
    notification_types: list[NotificationType] = []
    notifications: list[Notification] = []
    secrets: Secrets = Secrets()


class CheckAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a check's claim. `previous` is None on the very first check."""

    resource_id: int
    claim: int
    lease: float
    team: str
    pipeline: str
    resource: Resource
    resource_type: ResourceType
    runner_types: list[RunnerType]
    previous: dict[str, object] | None
    timeout: float = 3600.0
    masks: list[str] = []
    env: dict[str, str] = {}
    secrets: Secrets = Secrets()


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """New versions in the order found, oldest first; or `error`, one sentence, when the check failed.

    `metadata` is that of the last versions: the last entry that of the last version, and so on. It may be shorter.
    """

    versions: list[dict[str, object]] = []
    error: str = ""
    metadata: list[dict[str, str]] = []


class AnnouncementAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an announcement's claim: a `work` like a build's, of one step that sends the message.

    That step is the same however often it is sent, and the claim in there is 0. The message says `text` where neither
    step nor notification have one.
    """

    announcement_id: int
    claim: int
    lease: float
    work: BuildAssignment
    text: str


class AnnouncementResult(msgspec.Struct, frozen=True, kw_only=True):
    """How sending it ended; `error` is one sentence where it could not be sent."""

    error: str = ""


class Gateway(Protocol):
    """The server, as a worker sees it."""

    def register(self, hello: WorkerHello) -> WorkerTerms:
        """Make the worker known. Claims of an earlier process at the same place are requeued at once.

        Raises NameTakenError while another process holds the name, PermissionDeniedError for a tag that the worker's
        token does not carry, and ConflictError when a later start of the same worker is connected: this message was
        late.
        """

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """Renew leases; learn what was lost and what is wanted. An `ended` one is always taken.

        Raises NotFoundError when the worker is not registered (any more): register again. Raises ConflictError when
        another instance took its name over: stop everything.
        """

    def commands(self, name: str, instance: str) -> Iterator[WorkerCommand | None]:
        """Commands the moment they are given; None now and then, so that the reader can look around. Ends on close."""

    def claim_build(self, build_id: int, worker: str, instance: str) -> BuildAssignment:
        """Take a dispatched build. Raises ConflictError when it cannot be had (taken, ended, unknown): forget it.

        So it does for work that is for other workers, by its tags, queue or team, and where the worker is not
        registered.

        The instance that holds the claim and has not reported on it yet gets the same answer again, because the first
        one may have been lost on its way: a worker must not run a claim that it runs already.
        """

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        """Deliver events numbered `first`, `first + 1`, …; known ones are skipped, a gap raises ConflictError.

        Raises StaleClaimError when the claim is not the build's current one.
        """

    def claim_check(self, resource_id: int, worker: str, instance: str) -> CheckAssignment:
        """Take a requested check. Raises ConflictError as `claim_build` does."""

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        """Deliver a check's outcome; a second delivery is ignored. Raises StaleClaimError for an old claim."""

    def claim_announcement(self, announcement_id: int, worker: str, instance: str) -> AnnouncementAssignment:
        """Take an announcement that is to be sent. Raises ConflictError as `claim_build` does."""

    def finish_announcement(self, announcement_id: int, claim: int, result: AnnouncementResult) -> None:
        """Tell how it ended; a second delivery is ignored. Raises StaleClaimError for an old claim."""

    def build_secret(self, build_id: int, claim: int, name: str) -> str:
        """The value now of an entry of the server's own store that the claim's plan names.

        Raises NotFoundError where neither the pipeline nor its team has it, StaleClaimError, PermissionDeniedError for
        an entry that the plan does not name, ConflictError for one that the server has no key for.
        """

    def check_secret(self, resource_id: int, claim: int, name: str) -> str:
        """The same for the plan of a check."""

    def announcement_secret(self, announcement_id: int, claim: int, name: str) -> str:
        """The same for what an announcement needs."""

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        """Store a stream under its SHA-256 (hex), which is returned. Raises TooLargeError over the server's limit."""

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        """The stored stream, in chunks. Raises NotFoundError."""
