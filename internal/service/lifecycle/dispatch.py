"""Which of the waiting builds may go to a worker now, and why the others wait."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import Job, Pipeline
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.queues import jobs_queue
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.compiled import CompiledPipeline

_WINDOW = 50


def pause_reason(pipeline: Pipeline, job: Job) -> str:
    """Why no build of the job may start at all, or empty."""
    if job.archived:
        return f"job {job.name} is no longer in the pipeline"
    if pipeline.paused:
        return f"pipeline {pipeline.name} is paused"
    return f"job {job.name} is paused" if job.paused else ""


class Dispatcher:
    """Hands out slots to the builds of one job and of all jobs that it shares serial groups with, oldest first.

    Used within a transaction. It locks these jobs in id order, so that two servers never give out the same slot.
    """

    def __init__(self, store: Store, pipeline: Pipeline, compiled: CompiledPipeline, now: float) -> None:
        self._store = store
        self._pipeline = pipeline
        self._compiled = compiled
        self._now = now
        self._holders: dict[int, str] = {}
        self._active: dict[int, int] = {}

    def dispatch(self, job: str) -> tuple[list[Build], bool]:
        """Stamp the builds that may go now; record the reason of the others.

        Looks at the first 50 of each job, so that a long line costs no more than a short one. Returns the builds that
        go, and whether all of a job's first 50 went, so that the next ones are to be looked at.
        """
        jobs = {found.id: found for found in self._store.jobs.lock(self._compiled.ids(self._compiled.linked[job]))}
        fronts = [self._store.builds.pending(job_id, resolved=True, limit=_WINDOW) for job_id in jobs]
        if not any(fronts):
            return [], False
        self._active = dict.fromkeys(jobs, 0) | self._store.builds.count_active(list(jobs))
        waiting = sorted((build for front in fronts for build in front), key=lambda build: build.id)
        gone = [sent for build in waiting if (sent := self._send(build, jobs[build.job_id])) is not None]
        ids = {build.id for build in gone}
        more = any(len(front) == _WINDOW and ids.issuperset(build.id for build in front) for front in fronts)
        return gone, more

    def _send(self, build: Build, job: Job) -> Build | None:
        """The build, stamped; None where something blocks it."""
        if reason := self._blocked(job):
            if reason != build.reason:
                self._store.builds.save(msgspec.structs.replace(build, reason=reason))
            return None
        self._active[job.id] += 1
        self._holders[job.id] = f"build {full_name(build.job, number=build.name)} goes first"
        plan = self._compiled.plans[job.name]
        sent = msgspec.structs.replace(
            build, dispatched_at=self._now, queue=jobs_queue(plan.tags), priority=plan.priority, reason=""
        )
        self._store.builds.save(sent)
        return sent

    def _blocked(self, job: Job) -> str:
        if reason := pause_reason(self._pipeline, job):
            return reason
        plan = self._compiled.plans[job.name]
        return self._slot_reason(plan, self._active[job.id]) or self._group_reason(plan)

    def _slot_reason(self, plan: JobPlan, running: int) -> str:
        if not plan.concurrency or running < plan.concurrency:
            return ""
        return f"waiting for a slot: {running} of {plan.concurrency} builds of job {plan.name} run"

    def _group_reason(self, plan: JobPlan) -> str:
        for group in plan.serial_groups:
            for job_id in self._compiled.ids(self._compiled.members[group]):
                if self._active.get(job_id):
                    return f"serial group {group}: {self._holder(job_id)}"
        return ""

    def _holder(self, job_id: int) -> str:
        if job_id not in self._holders:
            self._holders[job_id] = self._describe_holder(job_id)
        return self._holders[job_id]

    def _describe_holder(self, job_id: int) -> str:
        started: Sequence[Build] = self._store.builds.list(
            job_id=job_id, statuses=[BuildStatus.STARTED], limit=1, cursor=None
        ).items
        if started:
            return f"build {full_name(started[0].job, number=started[0].name)} runs"
        name = next(name for name, known in self._compiled.job_ids.items() if known == job_id)
        return f"a build of job {name} waits for a worker"
