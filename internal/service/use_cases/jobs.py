"""Showing and pausing jobs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import ACTIVE, FINAL, Build, BuildStatus
from pikoci.internal.domain.pipeline import Job, JobOverview, Pipeline
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.bus import SCHEDULE
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_job, find_pipeline
from pikoci.internal.service.use_cases.public import public_overviews

_RECALLED = 1000


class JobService:
    """Use cases around one job."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def list(self, principal: Principal, team: str, pipeline: str) -> list[JobOverview]:
        """The pipeline's jobs (not archived) in file order, each with its latest and latest finished build."""
        found = find_pipeline(self._store, principal, team, pipeline)
        known = self._store.jobs.overviews([found.id]).get(found.id, [])
        return self._shown(principal, team, known)

    def get(self, principal: Principal, team: str, pipeline: str, job: str) -> JobOverview:
        """One job, archived ones too. Raises NotFoundError."""
        found = find_pipeline(self._store, principal, team, pipeline)
        return self._shown(principal, team, [self._overview(found, find_job(self._store, found, job))])[0]

    def _shown(self, principal: Principal, team: str, jobs: Sequence[JobOverview]) -> builtins.list[JobOverview]:
        explained = self._context.waiting.explain_jobs(principal, jobs)
        return explained if principal.may(team, Role.READ) else public_overviews(explained)

    def _overview(self, found: Pipeline, row: Job) -> JobOverview:
        for overview in self._store.jobs.overviews([found.id]).get(found.id, []):
            if overview.job.id == row.id:
                return overview
        latest, ended = self._newest(row, ()), self._newest(row, sorted(FINAL))
        now = next((status for status in ACTIVE if self._newest(row, [status])), None)
        return JobOverview(job=row, latest=latest, finished=ended, now=now)

    def pause(self, principal: Principal, team: str, pipeline: str, job: str) -> None:
        """Start no new builds of it (role write): waiting ones wait, also those that no worker took yet. Idempotent."""
        self._set_paused(principal, team, pipeline, job, paused=True)

    def unpause(self, principal: Principal, team: str, pipeline: str, job: str) -> None:
        """Undo `pause`: what waits is looked at, at once. Idempotent."""
        self._set_paused(principal, team, pipeline, job, paused=False)

    def _newest(self, job: Job, statuses: Sequence[BuildStatus]) -> Build | None:
        found = self._store.builds.list(job_id=job.id, statuses=statuses, limit=1, cursor=None).items
        return next(iter(found), None)

    def _set_paused(self, principal: Principal, team: str, pipeline: str, job: str, *, paused: bool) -> None:
        found = find_pipeline(self._store, principal, team, pipeline, Role.WRITE)
        row = find_job(self._store, found, job)
        with self._store.transaction():
            self._store.jobs.set_paused(row.id, paused)
            if paused:
                recall(self._store, job_id=row.id)
            self._store.jobs.request_scheduling([row.id])
        self._context.notify(SCHEDULE)


def recall(store: Store, *, job_id: int | None = None, pipeline_id: int | None = None) -> None:
    """Take builds that are published, but not taken by a worker, out of its reach; dispatch decides about them anew.

    Looks at the newest 1,000 waiting builds. Used within a transaction.
    """
    waiting = store.builds.list(
        job_id=job_id, pipeline_id=pipeline_id, statuses=[BuildStatus.PENDING], limit=_RECALLED, cursor=None
    )
    for known in waiting.items:
        build = store.builds.lock(known.id) if known.dispatched_at is not None else None
        if build is not None and build.status is BuildStatus.PENDING and build.dispatched_at is not None:
            store.builds.save(msgspec.structs.replace(build, dispatched_at=None, reason="paused"))
