"""Deleting what is older or more than the operator wants to keep, in small batches."""

from __future__ import annotations

from collections.abc import Iterator

import gevent

from pikoci.internal.domain.build import FINAL, BuildStatus
from pikoci.internal.domain.pipeline import Job
from pikoci.internal.service.plumbing.context import Context

_DAY = 24 * 3600.0
_PAGE = 100


class Retention:
    """One sweep over everything. The hub runs between batches."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def prune(self) -> int:
        """Delete; returns how many logs, builds and artifacts went."""
        now = self._context.clock.now()
        with self._store.transaction():
            self._store.idempotency.delete_before(now - _DAY)
            self._store.ended_sessions.delete_expired(now - self._context.settings.token_leeway)
            deleted = self._store.artifacts.delete_unused(now - _DAY)
        return deleted + self._prune_logs(now) + sum(self._prune_builds(job, now) for job in self._jobs())

    def _prune_logs(self, now: float) -> int:
        age = self._context.settings.log_retention
        total = 0
        while age is not None:
            with self._store.transaction():
                count = self._store.logs.delete_before(now - age, self._context.settings.retention_batch)
            total += count
            if count < self._context.settings.retention_batch:
                break
            gevent.sleep(0)
        return total

    def _prune_builds(self, job: Job, now: float) -> int:
        settings = self._context.settings
        if settings.build_retention_age is None and not settings.build_retention_count:
            return 0
        before = None if settings.build_retention_age is None else now - settings.build_retention_age
        protected = self._protected(job)
        total = 0
        while True:
            limit = settings.retention_batch + len(protected)
            found = self._store.builds.prunable(job.id, keep=settings.build_retention_count, before=before, limit=limit)
            if not (ids := [build_id for build_id in found if build_id not in protected]):
                return total
            with self._store.transaction():
                self._store.builds.delete(ids)
            total += len(ids)
            gevent.sleep(0)

    def _protected(self, job: Job) -> set[int]:
        """The builds that show how the job stands, and what it has built: without them it would build that again."""
        kept: set[int] = set()
        for statuses in ((), sorted(FINAL), (BuildStatus.SUCCEEDED,)):
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
