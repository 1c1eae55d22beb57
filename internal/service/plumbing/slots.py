"""What keeps the builds of a job from being given out: a pause, `concurrency`, a serial group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pikoci.internal.domain.pipeline import Job, Pipeline
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.service.plumbing.compiled import CompiledPipeline

#: Builds of one line that a turn of the scheduler gives out at most.
WINDOW = 50


def pause_reason(pipeline: Pipeline, job: Job) -> str:
    """Why no build of the job may start at all, or empty."""
    if job.archived:
        return f"job {job.name} is no longer in the pipeline"
    if pipeline.paused:
        return f"pipeline {pipeline.name} is paused"
    return f"job {job.name} is paused" if job.paused else ""


class Holder(NamedTuple):
    """A serial group that is taken, and the job whose build has it."""

    group: str
    job_id: int


class Slots:
    """Who may have a slot, of jobs that serial groups connect. `active` maps their ids to their builds with slots."""

    def __init__(self, compiled: CompiledPipeline, active: Mapping[int, int]) -> None:
        self._compiled = compiled
        self._active = dict.fromkeys(active, 0)
        self._holders: dict[str, int] = {}
        for job_id in sorted(active):
            if active[job_id]:
                self.take(job_id, active[job_id])

    def take(self, job_id: int, builds: int = 1) -> None:
        """So many more builds of the job have a slot."""
        self._active[job_id] = self._active.get(job_id, 0) + builds
        plan = self._compiled.plans.get(self._compiled.job_names.get(job_id, ""))
        for group in plan.serial_groups if plan else ():
            self._holders.setdefault(group, job_id)

    def room(self, plan: JobPlan) -> int:
        """How many more builds of the job may have a slot now, as far as one turn goes."""
        if plan.serial_groups:
            return 0 if self.is_full(plan) or self.holder(plan) else 1
        return max(0, min(plan.concurrency - self.count(plan), WINDOW)) if plan.concurrency else WINDOW

    def is_full(self, plan: JobPlan) -> bool:
        """Whether as many builds of the job have slots as may."""
        return bool(plan.concurrency) and self.count(plan) >= plan.concurrency

    def holder(self, plan: JobPlan) -> Holder | None:
        """Who has one of the job's serial groups."""
        return next(
            (Holder(group, self._holders[group]) for group in plan.serial_groups if group in self._holders), None
        )

    def count(self, plan: JobPlan) -> int:
        """How many builds of the job have a slot."""
        return self._active.get(self._compiled.job_ids[plan.name], 0)
