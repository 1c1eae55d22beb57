"""Showing and pausing jobs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.pipeline import JobOverview, Pipeline
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.bus import SCHEDULE
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_job, find_pipeline
from pikoci.internal.service.use_cases.audited import audited
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
        return self._shown(principal, found, known)

    def get(self, principal: Principal, team: str, pipeline: str, job: str) -> JobOverview:
        """One job, archived ones too; with its inputs, except to the public. Raises NotFoundError."""
        found = find_pipeline(self._store, principal, team, pipeline)
        overview = self._store.jobs.overview(find_job(self._store, found, job).id)
        if overview is None:
            raise NotFoundError(f"pipeline {pipeline} has no job {job}")  # deleted meanwhile
        shown = self._shown(principal, found, [overview])[0]
        member = principal.may(team, Role.READ, pipeline)
        plan = self._context.compiled.get(found).plans.get(job) if member else None
        return msgspec.structs.replace(shown, inputs=plan.inputs) if plan else shown

    def _shown(
        self, principal: Principal, pipeline: Pipeline, jobs: Sequence[JobOverview]
    ) -> builtins.list[JobOverview]:
        explained = self._context.waiting.explain_jobs(principal, jobs)
        member = principal.may(pipeline.team, Role.READ, pipeline.name)
        return explained if member else public_overviews(explained)

    @audited("job.pause", "team pipeline job")
    def pause(self, principal: Principal, team: str, pipeline: str, job: str) -> None:
        """Start no new builds of it (role write): waiting ones wait, also those that no worker took yet. Idempotent."""
        self._set_paused(principal, team, pipeline, job, paused=True)

    @audited("job.unpause", "team pipeline job")
    def unpause(self, principal: Principal, team: str, pipeline: str, job: str) -> None:
        """Undo `pause`: what waits is looked at, at once. Idempotent."""
        self._set_paused(principal, team, pipeline, job, paused=False)

    def _set_paused(self, principal: Principal, team: str, pipeline: str, job: str, *, paused: bool) -> None:
        found = find_pipeline(self._store, principal, team, pipeline, Role.WRITE)
        row = find_job(self._store, found, job)
        with self._store.transaction():
            self._store.jobs.set_paused(row.id, paused)
            more = paused and recall(self._store, job_id=row.id)
            self._store.jobs.request_scheduling([row.id])
        while more:
            with self._store.transaction():
                more = recall(self._store, job_id=row.id)
        self._context.notify(SCHEDULE)


def recall(store: Store, *, job_id: int | None = None, pipeline_id: int | None = None) -> bool:
    """Take builds that are published, but not taken by a worker, out of its reach; dispatch decides about them anew.

    Used within a transaction, which stays short: it takes up to 1,000. Returns whether there may be more.
    """
    count = store.builds.recall(job_id=job_id, pipeline_id=pipeline_id, limit=_RECALLED)
    return count == _RECALLED
