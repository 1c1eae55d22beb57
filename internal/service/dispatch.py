"""Which of the waiting builds may go to a worker now, and why the others wait."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.pipeline import Job, Pipeline
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.compiled import CompiledPipeline


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

    def dispatch(self, job: str) -> list[Build]:
        """Stamp the builds that may go now and return them; record the reason of those that wait."""
        jobs = {found.id: found for found in self._store.jobs.lock(self._compiled.ids(self._compiled.linked[job]))}
        waiting = [build for job_id in jobs for build in self._store.builds.pending(job_id)]
        if not waiting:
            return []
        active = self._store.builds.count_active(list(jobs))
        gone = []
        for build in sorted(waiting, key=lambda build: build.id):
            reason = self._blocked(build, jobs[build.job_id], active)
            if not reason:
                active[build.job_id] = active.get(build.job_id, 0) + 1
                self._holders[build.job_id] = f"build {build.job} #{build.name} goes first"
                gone.append(self._save(build, dispatched_at=self._now, reason=""))
            elif reason != build.reason:
                self._save(build, reason=reason)
        return gone

    def _save(self, build: Build, **changes: object) -> Build:
        changed = msgspec.structs.replace(build, **changes)
        self._store.builds.save(changed)
        return changed

    def _blocked(self, build: Build, job: Job, active: dict[int, int]) -> str:
        if reason := pause_reason(self._pipeline, job):
            return reason
        if not build.inputs_resolved:
            return build.reason or "its inputs are not chosen yet"
        plan = self._compiled.plans[job.name]
        return self._slot_reason(plan, active.get(job.id, 0)) or self._group_reason(plan, active)

    def _slot_reason(self, plan: JobPlan, running: int) -> str:
        if not plan.concurrency or running < plan.concurrency:
            return ""
        return f"waiting for a slot: {running} of {plan.concurrency} builds of job {plan.name} run"

    def _group_reason(self, plan: JobPlan, active: dict[int, int]) -> str:
        for group in plan.serial_groups:
            for job_id in self._compiled.ids(self._compiled.members[group]):
                if active.get(job_id):
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
            return f"build {started[0].job} #{started[0].name} runs"
        name = next(name for name, known in self._compiled.job_ids.items() if known == job_id)
        return f"a build of job {name} waits for a worker"
