"""Deleting what is older or more than the operator wants to keep, in small batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pikoci.internal.domain.build import FINAL, PASSING
from pikoci.internal.domain.pipeline import Job
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.slices import Slices

T = TypeVar("T")

_DAY = 24 * 3600.0
#: So long an API token that has expired is still listed.
_EXPIRED_SHOWN = 30 * _DAY
_PAGE = 100
#: Kept builds that are counted together.
_COUNTED = 2000


class Retention:
    """One sweep over everything, in short transactions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._slices = Slices(context.store)

    def prune(self) -> int:
        """Delete; returns how many logs, builds and artifacts went."""
        now = self._context.clock.now()
        with self._slices.next():
            self._store.idempotency.delete_before(now - _DAY)
            self._store.sessions.delete_expired(now - self._context.settings.token_leeway)
            self._store.api_tokens.delete_expired(now - _EXPIRED_SHOWN)
            self._store.ended_sessions.delete_expired(now - self._context.settings.token_leeway)
        deleted = self._prune_artifacts(now) + self._prune_logs(now)
        deleted += sum(self._prune_builds(job, now) for job in self._jobs())
        self._prune_audit(now)
        self._slices.give_back_space()
        return deleted

    def _prune_audit(self, now: float) -> None:
        age, batch = self._context.settings.audit_retention, self._context.settings.retention_batch
        more = age is not None
        while age is not None and more:
            with self._slices.next():
                more = self._store.audit.delete_before(now - age, batch) == batch

    def _prune_artifacts(self, now: float) -> int:
        with self._slices.next():
            uploads = self._store.artifacts.forget_unused(now - _DAY)
        for upload in uploads:
            more = True
            while more:
                with self._slices.next():
                    more = self._store.artifacts.discard_some(upload)
        return len(uploads)

    def _prune_logs(self, now: float) -> int:
        age, batch = self._context.settings.log_retention, self._context.settings.retention_batch
        total = 0
        while age is not None and (ids := self._store.logs.expired(now - age, batch)):
            total += self._without_logs(ids, self._store.logs.mark_deleted)
        return total

    def _prune_builds(self, job: Job, now: float) -> int:
        age, keep = self._context.settings.build_retention_age, self._context.settings.build_retention_count
        if age is None and not keep:
            return 0
        before = None if age is None else now - age
        protected = self._protected(job)
        limit = self._context.settings.retention_batch + len(protected)
        up_to = self._newest_beyond(job, keep) if keep else 0
        total = 0
        while True:
            found = self._store.builds.prunable(job.id, up_to=up_to, before=before, limit=limit)
            if not (ids := [build_id for build_id in found if build_id not in protected]):
                return total
            self._without_logs(ids, self._store.builds.delete)
            total += len(ids)

    def _without_logs(self, build_ids: Sequence[int], then: Callable[[Sequence[int]], T]) -> T:
        """Delete the builds' logs, however large, and do what is to be done `then` in the last transaction."""
        while True:
            with self._slices.next():
                if not self._store.logs.delete_some(build_ids):
                    return then(build_ids)

    def _newest_beyond(self, job: Job, keep: int) -> int:
        """The newest ended build that is not among the newest `keep`; 0 where there are no more than that."""
        below: int | None = None
        while keep > _COUNTED:
            with self._slices.next():
                below = self._store.builds.newest_ended(job.id, below=below, skip=_COUNTED - 1)
            if below is None:
                return 0
            keep -= _COUNTED
        return self._store.builds.newest_ended(job.id, below=below, skip=keep) or 0

    def _protected(self, job: Job) -> set[int]:
        """The builds that show how the job stands, and what it has built: without them it would build that again."""
        kept: set[int] = set()
        for statuses in ((), sorted(FINAL), sorted(PASSING)):
            newest = self._store.builds.list(job_id=job.id, statuses=statuses, limit=1, cursor=None).items
            kept.update(build.id for build in newest)
        return kept

    def _jobs(self) -> Iterator[Job]:
        cursor: str | None = None
        while True:
            page = self._store.pipelines.list(None, public_only=False, limit=_PAGE, cursor=cursor)
            for pipeline in page.items:
                yield from self._store.jobs.list(pipeline.id, archived=True)
            cursor = page.next
            if cursor is None:
                return
