"""Pipelines, jobs, resources and versions as they are stored and shown."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from pikoci.internal.domain.build import Build, BuildStatus, Standing, combined
from pikoci.internal.domain.job_inputs import JobInput


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline without its text. `revision` grows with each change of the file or its variables."""

    id: int
    team_id: int
    team: str
    name: str
    paused: bool = False
    public: bool = False
    revision: int = 1
    created_at: float = 0.0
    updated_at: float = 0.0


class PipelineSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a user set, and what it evaluated to (`encode_spec`). `variables` may hold secrets: never shown."""

    config: str
    variables: dict[str, object]
    spec: bytes


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job of a pipeline. An archived one left the file; its history stays."""

    id: int
    pipeline_id: int
    name: str
    position: int = 0
    paused: bool = False
    archived: bool = False


class JobOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A job with the builds that tell how it stands: the `latest`, and the latest that `finished`.

    `now` is the liveliest status of those that have not ended; None where all have. `inputs` are known where one job
    is asked for.
    """

    job: Job
    latest: Build | None = None
    finished: Build | None = None
    now: BuildStatus | None = None
    inputs: list[JobInput] = []

    @property
    def standing(self) -> Standing:
        """The last result, and what goes on now."""
        return Standing(self.finished.status if self.finished else None, self.now)


class PipelineOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline with its jobs' state, for lists."""

    pipeline: Pipeline
    jobs: list[JobOverview] = []

    @property
    def standing(self) -> Standing:
        """How its jobs stand together."""
        return combined(job.standing for job in self.jobs)


class PipelineSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline with the number of its jobs that stand in each way; the `jobs` themselves only where they are few."""

    pipeline: Pipeline
    counts: dict[Standing, int]
    jobs: list[JobOverview] = []


class ResourceState(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as it stands: when it was and will be checked, and how that went. Times: seconds since the epoch.

    `next_check_at` None means never by itself. `check_claim` is the fencing token of the check that runs or ran last.
    """

    id: int
    pipeline_id: int
    type: str
    name: str
    check_interval: str = ""
    next_check_at: float | None = None
    check_dispatched_at: float | None = None
    check_claim: int = 0
    check_worker: str | None = None
    check_lease_expires_at: float | None = None
    last_checked_at: float | None = None
    check_error: str = ""
    pinned_version_id: int | None = None
    webhook_token: str = ""
    archived: bool = False
    tags: list[str] = []

    @property
    def canonical(self) -> str:
        """`type.name`."""
        return f"{self.type}.{self.name}"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a resource. The newest has the greatest `check_order`.

    It is None for what a put made and no check has listed yet: such a version is given to gets with `passed` only.
    `metadata` is `tidy`; None where nothing is known.
    """

    id: int
    resource_id: int
    version: dict[str, object]
    check_order: int | None = None
    disabled: bool = False
    created_at: float = 0.0
    metadata: dict[str, str] | None = None


class WorkerState(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as the server knows it. `state` is running, draining, cordoned or stalled (no heartbeat in a lease).

    `cordoned` and `draining` are what it is asked to be: the one until it is uncordoned, whatever starts again
    meanwhile, the other until this instance has ended. `team` is the only one whose work it may take, if not empty;
    `token_id` that of the token it came with, empty for the embedded worker. `place` and `level` are those of its
    `WorkerHello`.
    """

    name: str
    instance: str
    version: str
    state: str
    queues: list[str] = []
    concurrency: int = 1
    tags: list[str] = []
    registered_at: float = 0.0
    last_seen_at: float = 0.0
    cordoned: bool = False
    draining: bool = False
    team: str = ""
    token_id: str = ""
    place: str = ""
    level: int = 1

    @property
    def wanted(self) -> str:
        """What it is asked to be, in one word; empty where it may run."""
        return "draining" if self.draining else "cordoned" if self.cordoned else ""


class BusySlots(msgspec.Struct, frozen=True, kw_only=True):
    """How many `builds` of a job a worker runs; `public` says whether everybody may see the job's pipeline."""

    worker: str
    team: str
    pipeline: str
    public: bool
    job: str
    builds: int


class WorkerToken(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a worker's token, but never the token. `created_by` is empty for one that was not made here.

    `tags` are those that its worker may claim to have, None: any.
    """

    id: str
    team: str = ""
    created_by: str = ""
    created_at: float = 0.0
    revoked_by: str = ""
    revoked_at: float | None = None
    tags: list[str] | None = None


T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Part of a list, and the cursor of the next part (None at the end). Cursors are opaque to users."""

    items: list[T]
    next: str | None = None
