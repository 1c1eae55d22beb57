"""What the services ask of a database, one interface for each aggregate.

Methods that write must run inside `Store.transaction`. Reads may run anywhere. `lock` methods hold their rows until the
transaction ends; `take_*` methods leave out rows that another server holds, so that several servers share the work.
Everything may raise UnavailableError. Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pikoci.internal.domain.accounts import Role, Team, User
from pikoci.internal.domain.build import Build, BuildInput, BuildOutput, BuildStatus, InputChoice, LogChunk, Step
from pikoci.internal.domain.gateway import ClaimRef, WorkerHello
from pikoci.internal.domain.inputs import History
from pikoci.internal.domain.pipeline import (
    Job,
    JobOverview,
    Page,
    Pipeline,
    PipelineSource,
    ResourceState,
    Version,
    WorkerState,
    WorkerToken,
)


class AccountRepository(Protocol):
    """Teams, users, memberships."""

    def create_team(self, name: str) -> Team:
        """Raises ConflictError when the name is taken."""

    def find_team(self, name: str) -> Team | None:
        """The team of that name, or None."""

    def list_teams(self) -> list[Team]:
        """All teams, by name."""

    def create_user(self, name: str, password_hash: str, *, is_admin: bool, must_change_password: bool) -> User:
        """Raises ConflictError when the name is taken."""

    def get_user(self, user_id: int) -> User | None:
        """The user, or None."""

    def find_user(self, name: str) -> User | None:
        """The user of that name, or None."""

    def list_users(self) -> list[User]:
        """By name."""

    def count_users(self) -> int:
        """How many users there are."""

    def set_password(self, user_id: int, password_hash: str) -> None:
        """Also raises the session epoch and clears must_change_password."""

    def set_admin(self, user_id: int) -> None:
        """Make the user a global administrator."""

    def set_role(self, team_id: int, user_id: int, role: Role | None) -> None:
        """None takes the membership away."""

    def roles(self, user_id: int) -> dict[str, Role]:
        """Team name -> role."""

    def members(self, team_id: int) -> list[tuple[User, Role]]:
        """By user name."""


class SettingRepository(Protocol):
    """Values that the installation keeps for itself, such as a generated signing secret."""

    def get(self, key: str) -> str | None:
        """The value kept for the key, or None."""

    def put_if_absent(self, key: str, value: str) -> str:
        """Keep the first value ever given for the key, and return that one."""


class IdempotencyRepository(Protocol):
    """Answers to changing requests that carried an Idempotency-Key."""

    def find(self, scope: str, key: str) -> tuple[str, int, bytes] | None:
        """(fingerprint of the request, status, body) of the first request with the key, or None."""

    def save(self, scope: str, key: str, fingerprint: str, status: int, body: bytes, now: float) -> None:
        """Keep the answer to the first request with the key."""

    def delete(self, scope: str, key: str) -> None:
        """Forget what is kept for the key."""

    def delete_before(self, before: float) -> int:
        """Forget answers kept before that time; returns how many."""


class PipelineRepository(Protocol):
    """Pipelines and their sources."""

    def create(self, team_id: int, name: str, source: PipelineSource, now: float) -> Pipeline:
        """Raises ConflictError when the team has one of that name."""

    def update(self, pipeline_id: int, source: PipelineSource, now: float) -> Pipeline:
        """Replace the source; the revision grows by one."""

    def get(self, pipeline_id: int) -> Pipeline | None:
        """The pipeline, or None."""

    def lock(self, pipeline_id: int) -> Pipeline | None:
        """Lock and return the pipeline, or None."""

    def find(self, team: str, name: str) -> Pipeline | None:
        """The pipeline of that team and name, or None."""

    def list(self, team: str | None, *, public_only: bool, limit: int, cursor: str | None) -> Page[Pipeline]:
        """By team and name. Raises InvalidError for a cursor that it did not make."""

    def source(self, pipeline_id: int) -> PipelineSource:
        """The text, variables and evaluated form. Raises NotFoundError."""

    def set_paused(self, pipeline_id: int, paused: bool) -> None:
        """Pause or unpause."""

    def set_public(self, pipeline_id: int, public: bool) -> None:
        """Publish or unpublish."""

    def delete(self, pipeline_id: int) -> None:
        """With everything that belongs to it."""


class JobRepository(Protocol):
    """Jobs, and the requests to look at their inputs."""

    def sync(self, pipeline_id: int, names: Sequence[str]) -> list[Job]:
        """Make the pipeline's jobs be `names`, in order: make new ones, revive and archive others."""

    def get(self, job_id: int) -> Job | None:
        """The job, archived or not, or None."""

    def find(self, pipeline_id: int, name: str) -> Job | None:
        """Archived ones too."""

    def list(self, pipeline_id: int, *, archived: bool = False) -> list[Job]:
        """In file order; archived ones only when asked for."""

    def overviews(self, pipeline_ids: Sequence[int]) -> dict[int, builtins.list[JobOverview]]:
        """Pipeline id -> its jobs (not archived) with their latest builds; a bounded number of queries."""

    def lock(self, job_ids: Sequence[int]) -> builtins.list[Job]:
        """Lock jobs in id order, so that two servers never wait for each other in a circle."""

    def set_paused(self, job_id: int, paused: bool) -> None:
        """Pause or unpause."""

    def request_scheduling(self, job_ids: Sequence[int]) -> None:
        """Remember, in this transaction, that the inputs and the waiting builds of these jobs must be looked at."""

    def take_scheduling_requests(self, limit: int) -> builtins.list[Job]:
        """Lock and clear up to `limit` requests (oldest first, locked ones skipped). A rollback brings them back."""


class ResourceRepository(Protocol):
    """Resources and the checks that watch them."""

    def sync(self, pipeline_id: int, wished: Sequence[ResourceState]) -> list[ResourceState]:
        """Make the pipeline's resources be `wished` (id ignored): new ones get the given webhook token and due time,
        kept ones get interval and due time where the interval changed, missing ones archived, returning ones revived.
        """

    def get(self, resource_id: int) -> ResourceState | None:
        """The resource, archived or not, or None."""

    def find(self, pipeline_id: int, canonical: str) -> ResourceState | None:
        """The resource of that canonical name, archived or not, or None."""

    def find_by_webhook_token(self, token: str) -> ResourceState | None:
        """The resource (not archived) with that token, or None."""

    def list(self, pipeline_id: int, *, archived: bool = False) -> list[ResourceState]:
        """In file order; archived ones only when asked for."""

    def take_due(self, now: float, limit: int) -> builtins.list[ResourceState]:
        """Lock resources whose check is due, most overdue first (locked ones skipped); none that is archived,
        dispatched and unclaimed, or under a check lease that has not lapsed. Paused pipelines are checked all the same.
        """

    def take_stale(self, before: float, limit: int) -> builtins.list[ResourceState]:
        """Lock resources whose check was dispatched before `before` and never claimed."""

    def next_due_at(self) -> float | None:
        """When the next check falls due, None if never."""

    def upcoming(self, now: float) -> builtins.list[tuple[int, str, float]]:
        """(id, check_interval, next_check_at) of every resource (not archived) that is due later than `now`."""

    def bring_forward(self, due: Mapping[int, float]) -> None:
        """Resource id -> its due time, where that is earlier than what is stored."""

    def mark_dispatched(self, due: Mapping[int, float | None], now: float) -> None:
        """Resource id -> its next due time; stamps check_dispatched_at."""

    def request_check(self, resource_id: int, now: float) -> None:
        """Make a check due at once; one that runs meanwhile does not swallow it."""

    def claim_check(
        self, resource_id: int, worker: str, instance: str, now: float, lease_until: float
    ) -> ResourceState | None:
        """One atomic statement: a dispatched check (or one whose lease lapsed) is now the worker's, check_claim + 1.

        None when it cannot be had.
        """

    def count_checks(self) -> dict[str, int]:
        """Worker -> how many checks it holds; none that holds none."""

    def check_holder(self, resource_id: int) -> tuple[str, str] | None:
        """The worker and instance that hold the resource's check; None when nobody does."""

    def finish_check(self, resource_id: int, claim: int, now: float, error: str) -> bool:
        """Release the check's lease and record its outcome; False when the claim is not the current one."""

    def requeue_expired_checks(self, now: float) -> int:
        """Checks whose lease lapsed lose it and are due at once; returns how many."""

    def requeue_checks_of(self, worker: str, instance: str, now: float) -> int:
        """The same for the checks that other instances of that worker hold, lapsed or not."""

    def renew_checks(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """Resource ids (`ClaimRef.build_id`) whose lease was renewed."""

    def set_pin(self, resource_id: int, version_id: int | None) -> None:
        """Offer only this version; None offers all again."""

    def set_webhook_token(self, resource_id: int, token: str) -> None:
        """Replace the token."""


class VersionRepository(Protocol):
    """Versions of resources."""

    def save(
        self, resource_id: int, versions: Sequence[Mapping[str, object]], now: float, *, last: bool = True
    ) -> list[Version]:
        """Record what a check listed, oldest first (same JSON object = same version); return what changed, in order.

        Those unknown, or without a place, come after all others in the order given; others keep their places. But the
        `last` one of a list is the newest then: a known one moves there. Pass False for a list that goes on.
        """

    def record(self, resource_id: int, version: Mapping[str, object], now: float) -> Version:
        """What a put made: without a place among the others until a check lists it. A known one is as it was."""

    def get(self, version_id: int) -> Version | None:
        """The version, or None."""

    def find(self, resource_id: int, version: Mapping[str, object]) -> Version | None:
        """The same JSON object among the versions of the resource, or None."""

    def latest(self, resource_id: int) -> Version | None:
        """The newest by check order, disabled or not."""

    def list(self, resource_id: int, *, limit: int, cursor: str | None) -> Page[Version]:
        """Newest first; those without a place at the end, the last made first."""

    def set_disabled(self, version_id: int, disabled: bool) -> None:
        """Take the version out of use, or bring it back."""


class BuildRepository(Protocol):
    """Builds with their steps, inputs and outputs."""

    def create(self, build: Build, inputs: Sequence[InputChoice] = ()) -> Build:
        """Store a new build with every field as given, but `id` and `number` or `retry`.

        A build with number 0 gets the job's next number; one with a number is a retry of it and gets the next `retry`.
        """

    def get(self, build_id: int) -> Build | None:
        """The build, or None."""

    def lock(self, build_id: int) -> Build | None:
        """Lock and return the build, or None."""

    def find(self, job_id: int, number: int, retry: int) -> Build | None:
        """The build of that number and retry, or None."""

    def list(
        self,
        *,
        job_id: int | None = None,
        pipeline_id: int | None = None,
        statuses: Sequence[BuildStatus] = (),
        limit: int,
        cursor: str | None,
    ) -> Page[Build]:
        """Newest first."""

    def save(self, build: Build) -> None:
        """Write every column that can change, of a build that this transaction has locked."""

    def set_inputs(self, build_id: int, inputs: Sequence[InputChoice]) -> None:
        """Replace the inputs; also sets inputs_resolved."""

    def inputs(self, build_id: int) -> builtins.list[BuildInput]:
        """What each get takes in, by name of the get."""

    def add_output(self, build_id: int, put: str, resource_id: int, version_id: int) -> None:
        """Idempotent."""

    def outputs(self, build_id: int) -> builtins.list[BuildOutput]:
        """What the puts made, in the order in which they came."""

    def pending(self, job_id: int, *, resolved: bool, limit: int) -> builtins.list[Build]:
        """The oldest pending builds of a job that are not dispatched, locked: those with their inputs, or without."""

    def clear_reasons(self, reasons: Sequence[str], team: str) -> builtins.list[int]:
        """Take these reasons from dispatched builds that wait (only the team's, if it is not empty); their ids."""

    def count_active(self, job_ids: Sequence[int]) -> dict[int, int]:
        """Job id -> builds that are started, or pending and dispatched."""

    def count_by_status(self) -> dict[BuildStatus, int]:
        """How many builds stand where, for metrics; only the statuses that are not final."""

    def take_stale(self, before: float, limit: int) -> builtins.list[Build]:
        """Lock pending builds dispatched before `before` and not claimed (locked ones skipped)."""

    def take_expired(self, now: float, limit: int) -> builtins.list[Build]:
        """Lock started builds whose lease lapsed (locked ones skipped)."""

    def started_by(self, worker: str) -> builtins.list[tuple[Build, str]]:
        """Started builds of a worker with the instance that claimed each."""

    def started(self) -> builtins.list[Build]:
        """All started builds, by worker and in the order in which they were made."""

    def holder(self, build_id: int) -> tuple[str, str] | None:
        """The worker and instance that claimed the build last; None when nobody holds it, or there is no such build."""

    def claim(self, build_id: int, worker: str, instance: str, now: float, lease_until: float) -> Build | None:
        """One atomic statement: pending and dispatched -> started, claim + 1, lease set. None when it cannot be had."""

    def renew(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """Build ids whose lease was renewed: started, with that claim."""

    def grant_grace(self, lease_until: float) -> int:
        """At a server's start: no lease, of a build or check, ends before `lease_until`."""

    def save_steps(self, steps: Sequence[Step]) -> None:
        """Insert or replace by (build_id, claim, id)."""

    def steps(self, build_id: int, claim: int | None = None) -> builtins.list[Step]:
        """Of one attempt (the build's current one by default), in the order in which they started."""

    def prunable(self, job_id: int, *, keep: int, before: float | None, limit: int) -> builtins.list[int]:
        """Ids of ended builds beyond the newest `keep` (0 = any number), or that ended before `before`."""

    def delete(self, build_ids: Sequence[int]) -> None:
        """With their steps, logs, inputs and outputs."""


class LogRepository(Protocol):
    """Logs of builds."""

    def append(self, build_id: int, chunks: Sequence[LogChunk]) -> None:
        """Add chunks whose offsets continue the log."""

    def read(self, build_id: int, offset: int, limit: int) -> list[LogChunk]:
        """The chunks that hold bytes from `offset` on, whole, until `limit` bytes are reached (one at least)."""

    def delete_before(self, finished_before: float, limit: int) -> int:
        """Delete the logs of builds that ended before; returns how many builds lost theirs."""


class WorkerRepository(Protocol):
    """Workers that registered."""

    def register(self, hello: WorkerHello, now: float, *, team: str = "", token_id: str = "") -> str | None:
        """Insert or replace by name; returns the instance that was there before, if another.

        A wish to drain ends with the instance that it was for; a cordon stays.
        """

    def seen(self, name: str, instance: str, state: str, now: float) -> WorkerState | None:
        """Record a heartbeat; None when that instance is not the registered one."""

    def get(self, name: str) -> WorkerState | None:
        """The worker of that name, or None."""

    def list(self) -> list[WorkerState]:
        """All workers, by name."""

    def set_cordoned(self, name: str, cordoned: bool) -> None:
        """Ask the worker to take nothing new, or to take work again."""

    def set_draining(self, name: str) -> None:
        """Ask this instance of the worker to end."""

    def delete(self, name: str) -> None:
        """Forget the worker."""


class WorkerTokenRepository(Protocol):
    """Tokens of workers that were made, used or revoked here."""

    def remember(self, token: WorkerToken) -> None:
        """Keep what is known of a token; one that is known already stays as it is."""

    def get(self, token_id: str) -> WorkerToken | None:
        """The token of that id, or None."""

    def list(self) -> list[WorkerToken]:
        """All tokens that are known, newest first."""

    def revoke(self, token_id: str, revoked_by: str, now: float) -> None:
        """Mark a known token as revoked, if it is not yet."""

    def revoked(self) -> frozenset[str]:
        """The ids of all revoked tokens."""


class ArtifactRepository(Protocol):
    """Content-addressed byte streams, kept in chunks."""

    def append(self, upload: str, sequence: int, data: bytes, now: float) -> None:
        """Add a chunk to an upload in progress; the same sequence number again replaces it."""

    def finish(self, upload: str, digest: str, size: int, pipeline_id: int, now: float) -> None:
        """Name the upload by its digest; if that is already stored, drop the new copy."""

    def exists(self, digest: str, pipeline_id: int) -> bool:
        """Whether a build of that pipeline may read it."""

    def read(self, digest: str) -> Iterator[bytes]:
        """The stored bytes in chunks. Raises NotFoundError."""

    def discard(self, upload: str) -> None:
        """Drop an upload in progress."""

    def delete_unused(self, before: float) -> int:
        """Delete unfinished uploads and artifacts that no version of their pipelines names, made before `before`."""


class Store(Protocol):
    """A database with everything in it."""

    accounts: AccountRepository
    settings: SettingRepository
    idempotency: IdempotencyRepository
    pipelines: PipelineRepository
    jobs: JobRepository
    resources: ResourceRepository
    versions: VersionRepository
    builds: BuildRepository
    logs: LogRepository
    workers: WorkerRepository
    worker_tokens: WorkerTokenRepository
    artifacts: ArtifactRepository

    def history(self, pipeline_id: int) -> History:
        """What input resolution reads, over one pipeline."""

    def transaction(self, *, snapshot: bool = False) -> AbstractContextManager[None]:
        """A read-write transaction; a nested one joins the outer. Nothing in it may wait but for the database.

        With `snapshot` all its statements see the database as it was at the first one; to change a row that somebody
        else has changed since raises UnavailableError: try again.
        """

    def check_health(self) -> None:
        """Return if the database answers, else raise UnavailableError."""

    def migrate(self) -> list[str]:
        """Apply missing migrations, one server at a time; returns their names."""

    def pending_migrations(self) -> list[str]:
        """Names of migrations not yet applied."""

    def close(self) -> None:
        """Give every connection back."""
