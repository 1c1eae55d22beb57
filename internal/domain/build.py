"""A build, its steps, and the state machine that both follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec

from pikoci.internal.domain.approval import Gate
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.job_inputs import Value
from pikoci.internal.domain.queues import JOBS_QUEUE


class BuildStatus(StrEnum):
    """Where a build stands. `waiting` waits for an approval; `pending` for a slot, inputs or a worker."""

    PENDING = "pending"
    WAITING = "waiting"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ERRORED = "errored"
    WARNING = "warning"

    @property
    def is_final(self) -> bool:
        """Whether the build has ended and can never change again."""
        return self in FINAL

    @property
    def is_passing(self) -> bool:
        """Whether the build has ended and its versions have passed its job."""
        return self in PASSING


FINAL = frozenset(
    {BuildStatus.SUCCEEDED, BuildStatus.FAILED, BuildStatus.CANCELLED, BuildStatus.ERRORED, BuildStatus.WARNING}
)

#: How a build ends whose versions have passed its job: `warning` is a failure that the job allows.
PASSING = frozenset({BuildStatus.SUCCEEDED, BuildStatus.WARNING})
#: What has not ended, the liveliest first.
ACTIVE = (BuildStatus.STARTED, BuildStatus.WAITING, BuildStatus.PENDING)
#: How builds end, the worst first.
_WORST = (BuildStatus.FAILED, BuildStatus.ERRORED, BuildStatus.CANCELLED, BuildStatus.WARNING, BuildStatus.SUCCEEDED)


class Standing(msgspec.Struct, frozen=True):
    """How something with builds stands: the `last` result, and what goes on `now`, which never hides it.

    Each is None where there is no such build.
    """

    last: BuildStatus | None = None
    now: BuildStatus | None = None


def combined(standings: Iterable[Standing]) -> Standing:
    """How all of them stand together: the worst result, and the liveliest of what goes on."""
    known = list(standings)
    lasts, nows = {one.last for one in known}, {one.now for one in known}
    return Standing(
        next((status for status in _WORST if status in lasts), None),
        next((status for status in ACTIVE if status in nows), None),
    )


#: Every allowed move. `started -> pending` is a requeue after the worker was lost, `waiting -> failed` a rejection.
TRANSITIONS: dict[BuildStatus, frozenset[BuildStatus]] = {
    BuildStatus.WAITING: frozenset({BuildStatus.PENDING, BuildStatus.FAILED, BuildStatus.CANCELLED}),
    BuildStatus.PENDING: frozenset(
        {BuildStatus.WAITING, BuildStatus.STARTED, BuildStatus.CANCELLED, BuildStatus.ERRORED}
    ),
    BuildStatus.STARTED: FINAL | {BuildStatus.PENDING},
    **{status: frozenset() for status in FINAL},
}


def check_transition(before: BuildStatus, after: BuildStatus) -> None:
    """Allow a move from `before` to `after`, or raise ConflictError naming both."""
    if after not in TRANSITIONS[before]:
        raise ConflictError(f"a build that is {before} cannot become {after}")


class StepStatus(StrEnum):
    """Where a step stands; `skipped` steps never ran: an earlier one failed, or a condition did not hold."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ERRORED = "errored"
    SKIPPED = "skipped"


#: No plan needs more of a worker.
ANY_LEVEL = 2**31 - 1


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a job. Times are seconds since the epoch, UTC; None where it has not happened.

    `claim` is the fencing token: it grows by one with every claim, so it is also the number of the attempt.
    `number` counts per job from 1; `retry` is 0 for an original and counts its retries. `queue` (the one of its job's
    tags) and `priority` say where it waits for a worker, `level` (see `levels`) for which; they are what they were when
    it was dispatched. `values` are those of its job's inputs, defaults included, by name; None where there are none.

    `gates` are the approvals that it waits for or waited for, None where there are none. `waits_until` is when the
    first of those that are still missing comes too late. It is approved since `approved_at`, a retry since its original
    is.
    """

    id: int
    pipeline_id: int
    job_id: int
    job: str
    number: int
    retry: int = 0
    status: BuildStatus = BuildStatus.PENDING
    reason: str = ""
    created_by: str = ""
    created_at: float = 0.0
    dispatched_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    worker: str | None = None
    claim: int = 0
    lease_expires_at: float | None = None
    requeues: int = 0
    cancel_requested_at: float | None = None
    cancel_reason: str = ""
    inputs_resolved: bool = False
    last_event: int = 0
    log_size: int = 0
    queue: str = JOBS_QUEUE
    priority: int = 0
    level: int = 1
    values: dict[str, Value] | None = None
    gates: list[Gate] | None = None
    waits_until: float | None = None
    approved_at: float | None = None

    @property
    def name(self) -> str:
        """The number people see: `3`, or `3.1` for the first retry of build 3."""
        return f"{self.number}.{self.retry}" if self.retry else str(self.number)


class WaitingLine(msgspec.Struct, frozen=True, kw_only=True):
    """The builds of a pipeline that wait for a worker in one queue. `head` is the id of the one that is next.

    `builds` is how many there are, where they were counted, which ends at 100. It holds those up to this `level`.
    """

    head: int
    queue: str
    pipeline_id: int
    team: str
    builds: int = 1
    level: int = ANY_LEVEL


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one attempt (`claim`) of a build, as the worker reported it.

    `id` is the step's path in the plan (`2`, `2/on_failure/1`, `ensure/1`; `3/1` is the first step in the block `3`),
    `try_number` counts its `attempts`, through those of the blocks around it.
    """

    build_id: int
    claim: int
    id: str
    name: str
    kind: str
    status: StepStatus
    try_number: int = 1
    exit_code: int | None = None
    reason: str = ""
    started_at: float | None = None
    finished_at: float | None = None


#: Kinds of steps that hold other steps.
BLOCK_KINDS = ("in_parallel", "if", "else_if", "else")


def block_depth(step: str, blocks: Collection[str]) -> int:
    """In how many of the `blocks` a step stands; all by their ids."""
    parts = step.split("/")
    return sum("/".join(parts[:end]) in blocks for end in range(1, len(parts)))


class LogChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A run of log bytes at `offset` of the build's log. `step` is a step id, or empty for the build's own lines."""

    offset: int
    step: str
    claim: int
    at: float
    data: bytes


class InputChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The version chosen for one get. `upstream` says through which builds (job -> build id) it came, for `passed`."""

    get: str
    resource_id: int
    version_id: int
    upstream: dict[str, int] = {}


class BuildInput(msgspec.Struct, frozen=True, kw_only=True):
    """The version that one get of a build takes in; `upstream` as in `InputChoice`."""

    get: str
    resource: str
    version_id: int
    version: dict[str, object]
    upstream: dict[str, int] = {}
    metadata: dict[str, str] | None = None


class BuildOutput(msgspec.Struct, frozen=True, kw_only=True):
    """A version that a put of a build made."""

    put: str
    resource: str
    version_id: int
    version: dict[str, object]
    metadata: dict[str, str] | None = None
