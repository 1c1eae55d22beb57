"""Builds, their logs, and the artifacts they leave."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import Protocol

from pikoci.internal.domain.approval import Vote
from pikoci.internal.domain.build import (
    ANY_LEVEL,
    Build,
    BuildInput,
    BuildOutput,
    BuildStatus,
    InputChoice,
    LogChunk,
    Step,
    WaitingLine,
)
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.pipeline import BusySlots, Page


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
        """Those of a job, or else of a pipeline, newest first.

        Raises InvalidError for a cursor that it did not make.
        """

    def save(self, build: Build) -> None:
        """Write every column that can change, of a build that this transaction has locked."""

    def set_inputs(self, build_id: int, inputs: Sequence[InputChoice]) -> None:
        """Replace the inputs; also sets inputs_resolved, and there is no reason any more to wait for them."""

    def take_notices(self, build_id: int, version_ids: Sequence[int], notices: Sequence[str]) -> set[str]:
        """Which of these messages, by digests, the build is to send: those that no other has taken for each version.

        The same answer for the same build whenever it asks.
        """

    def finished_steps(self, build_id: int) -> set[str]:
        """The ids of the steps that some attempt of the build has finished."""

    def inputs(self, build_id: int) -> builtins.list[BuildInput]:
        """What each get takes in, by name of the get."""

    def add_output(self, build_id: int, put: str, resource_id: int, version_id: int) -> None:
        """Idempotent."""

    def outputs(self, build_id: int) -> builtins.list[BuildOutput]:
        """What the puts made, in the order in which they came."""

    def pending(self, job_id: int, *, resolved: bool, limit: int) -> builtins.list[Build]:
        """The oldest pending builds of a job that are not dispatched, locked: those with their inputs, or without."""

    def fronts(self, job_ids: Sequence[int], limit: int) -> builtins.list[Build]:
        """The first build of each job's line, the oldest that `pending` gives resolved: the oldest of these, locked."""

    def overtaken(self, job_id: int, limit: int) -> builtins.list[tuple[Build, int]]:
        """The oldest builds of a job that run, or wait with their inputs, while a newer one waits with its own: locked.

        Those that wait for approval are among the older ones, but stop none. Each comes with the id of the newest such
        one, which was made later and has a higher number: a retry is no newer than the build that it retries. Builds
        that are told to stop are left out.
        """

    def place(self, job_id: int, place: int) -> int | None:
        """The id of the build in this place, from 1, of the job's line (see `fronts`); None if it is not as long."""

    def recall(self, *, job_id: int | None = None, pipeline_id: int | None = None, limit: int) -> int:
        """Take up to `limit` dispatched builds of a job, or else of a pipeline, back before a worker takes them.

        They wait to be given out again. Returns how many they were.
        """

    def busy(self) -> builtins.list[BusySlots]:
        """How many builds of which job each worker runs."""

    def count_active(self, job_ids: Sequence[int]) -> dict[int, int]:
        """Job id -> builds that are started, or pending and dispatched."""

    def running(self, job_ids: Sequence[int]) -> dict[int, Build]:
        """Job id -> its newest started build; jobs without one are left out."""

    def count_by_status(self) -> dict[BuildStatus, int]:
        """How many builds stand where, for metrics; only the statuses that are not final."""

    def take_stale(self, before: float, limit: int, after: tuple[float, int] = (0.0, 0)) -> builtins.list[Build]:
        """Lock pending builds dispatched before `before` and not claimed, the oldest first (locked ones skipped).

        They come behind `after`, when a build was dispatched and its id.
        """

    def take_expired(self, now: float, limit: int) -> builtins.list[Build]:
        """Lock started builds whose lease lapsed (locked ones skipped)."""

    def started_by(self, worker: str) -> builtins.list[tuple[Build, str]]:
        """Started builds of a worker with the instance that claimed each."""

    def started(self) -> builtins.list[Build]:
        """All started builds, by worker and in the order in which they were made."""

    def holder(self, build_id: int) -> tuple[str, str] | None:
        """The worker and instance that claimed the build last; None when nobody holds it, or there is no such build."""

    def name_secrets(self, build_id: int, names: Sequence[str]) -> None:
        """Keep which entries of the server's own store the plan of the build's claim names."""

    def secret_names(self, build_id: int) -> builtins.list[str]:
        """Those that were kept."""

    def lines_beside(self, build_id: int, level: int = ANY_LEVEL) -> builtins.list[WaitingLine]:
        """The lines in the queue that the build waits or waited in; in that of untagged work for an unknown build.

        With a `level` as if there were only builds that workers of this level can run.
        """

    def lines(self) -> builtins.list[WaitingLine]:
        """All lines of builds that wait for a worker, with the number of their builds, counted up to 100."""

    def first_of(self, line: WaitingLine) -> builtins.list[int]:
        """The first 100 builds of the line, in the order in which they are claimed."""

    def claim_next(
        self, line: WaitingLine, rung_by: int, worker: str, instance: str, now: float, lease_until: float
    ) -> Build | None:
        """Start the build that is next in the line: one atomic statement, pending -> started, claim + 1, lease set.

        Of those up to the line's level that of the highest priority, then the oldest. None where the line is empty, and
        where this instance runs what it was given for the message `rung_by` (see `held`). Raises ConflictError where it
        is given that just now.
        """

    def held(self, rung_by: int, worker: str, instance: str) -> Build | None:
        """The started build that this instance was given for the message of the build `rung_by`."""

    def is_rung_again(self, rung_by: int, worker: str, instance: str) -> bool:
        """Whether the build was published anew since this instance was given another for its message.

        So its next message is not the same one that came twice. `held` finds the other no longer.
        """

    def renew(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """Build ids whose lease was renewed: started, with that claim."""

    def grant_grace(self, lease_until: float) -> int:
        """At a server's start: no lease, of a build, check or announcement, ends before `lease_until`."""

    def save_steps(self, steps: Sequence[Step]) -> None:
        """Insert or replace by (build_id, claim, id)."""

    def steps(self, build_id: int, claim: int | None = None) -> builtins.list[Step]:
        """Of one attempt (the build's current one by default), in plan order."""

    def save_vote(self, vote: Vote) -> None:
        """Insert or replace by (build_id, label, voter)."""

    def votes(self, build_id: int) -> builtins.list[Vote]:
        """The votes on a build, in the order in which they came."""

    def take_unapproved(self, now: float, limit: int) -> builtins.list[Build]:
        """Lock builds that have waited for approval until their `waits_until` (locked ones skipped)."""

    def newest_ended(self, job_id: int, *, below: int | None, skip: int) -> int | None:
        """Of the job's ended builds older than `below` (None: of all), the newest but `skip`."""

    def prunable(self, job_id: int, *, up_to: int, before: float | None, limit: int) -> builtins.list[int]:
        """Ids of ended builds up to that one (0 for none), or that ended before `before`."""

    def delete(self, build_ids: Sequence[int]) -> None:
        """With their steps, logs, inputs and outputs."""


class LogRepository(Protocol):
    """Logs of builds."""

    def append(self, build_id: int, chunks: Sequence[LogChunk]) -> None:
        """Add chunks whose offsets continue the log."""

    def read(self, build_id: int, offset: int, limit: int) -> list[LogChunk]:
        """The chunks that hold bytes from `offset` on, whole, until `limit` bytes are reached (one at least)."""

    def expired(self, finished_before: float, limit: int) -> list[int]:
        """Builds that ended before and whose logs are not marked as deleted; the oldest first."""

    def delete_some(self, build_ids: Sequence[int]) -> bool:
        """Delete a part of these builds' logs, small enough for nobody to wait; returns whether there may be more."""

    def mark_deleted(self, build_ids: Sequence[int]) -> int:
        """Note that these builds' logs were deleted; returns how many of them had one."""


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

    def discard_some(self, upload: str) -> bool:
        """Drop a part of what an upload left, small enough for nobody to wait; returns whether there may be more."""

    def forget_unused(self, before: float) -> list[str]:
        """Forget the artifacts that no version of their pipelines names, made before `before`.

        Returns their uploads, and unfinished ones as old: to be discarded. Those that are not are returned next time.
        """
