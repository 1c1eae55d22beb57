"""Why builds are not given out that have their inputs: worked out when somebody looks, kept nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import Job, Pipeline
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.compiled import CompiledPipeline, CompiledPipelines
from pikoci.internal.service.plumbing.slots import WINDOW, Holder, Slots, pause_reason

_LIFETIME = 1.0
T = TypeVar("T")


@dataclass(slots=True)
class _Picture:
    """What was asked of pipelines, jobs and slots since one moment."""

    until: float
    pipelines: dict[int, Pipeline | None] = field(default_factory=dict)
    jobs: dict[int, Job | None] = field(default_factory=dict)
    active: dict[int, int] = field(default_factory=dict)
    running: dict[int, Build | None] = field(default_factory=dict)
    ends: dict[int, int | None] = field(default_factory=dict)


class Blocked:
    """Says it of builds, from a picture that is at most a second old."""

    def __init__(self, store: Store, clock: Clock, compiled: CompiledPipelines) -> None:
        self._store = store
        self._clock = clock
        self._compiled = compiled
        self._picture = _Picture(until=0.0)

    def reason(self, build: Build) -> str:
        """Why the build waits, in one sentence; what is stored with it where nothing blocks it any more."""
        pipeline, job = self._owners(build)
        if pipeline is None or job is None:
            return build.reason
        compiled = self._compiled.get(pipeline)
        plan = compiled.plans.get(job.name)
        paused = pause_reason(pipeline, job)
        if paused or plan is None:
            return paused or build.reason
        return self._limit(build, compiled, plan) or build.reason or _behind(plan)

    def look_at(self, builds: Iterable[Build]) -> None:
        """Ask at once for what the reasons of many builds need, in few statements."""
        wanted: dict[int, None] = {}
        for build in builds:
            pipeline, _ = self._owners(build)
            compiled = self._compiled.get(pipeline) if pipeline else None
            plan = compiled.plans.get(build.job) if compiled else None
            if compiled and plan and plan.is_limited:
                wanted.update(dict.fromkeys(compiled.linked.get(build.job, ())))
        self._count(wanted)

    def _limit(self, build: Build, compiled: CompiledPipeline, plan: JobPlan) -> str:
        """Which limit of the job keeps the build from going, or empty."""
        if not plan.is_limited or plan.name not in compiled.linked:
            return ""
        if self._is_far_back(build):
            return _behind(plan)
        slots = Slots(compiled, self._count(compiled.linked[plan.name]))
        if slots.is_full(plan):
            return f"waiting for a slot: {slots.count(plan)} of {plan.concurrency} builds of job {plan.name} run"
        holder = slots.holder(plan)
        return self._holder(compiled, holder) if holder else ""

    def _holder(self, compiled: CompiledPipeline, holder: Holder) -> str:
        running = self._look().running
        if holder.job_id not in running:
            running[holder.job_id] = self._store.builds.running([holder.job_id]).get(holder.job_id)
        build = running[holder.job_id]
        if build is not None:
            return f"serial group {holder.group}: build {full_name(build.job, number=build.name)} runs"
        job = compiled.job_names[holder.job_id]
        return f"serial group {holder.group}: a build of job {job} waits for a worker"

    def _is_far_back(self, build: Build) -> bool:
        """Whether more builds wait before it than a turn of the scheduler gives out."""
        last = _kept(self._look().ends, build.job_id, lambda job_id: self._store.builds.place(job_id, WINDOW))
        return last is not None and build.id > last

    def _count(self, job_ids: Iterable[int]) -> dict[int, int]:
        active = self._look().active
        wanted = list(job_ids)
        if missing := [job_id for job_id in wanted if job_id not in active]:
            active.update(self._store.builds.count_active(missing))
        return {job_id: active[job_id] for job_id in wanted}

    def _owners(self, build: Build) -> tuple[Pipeline | None, Job | None]:
        picture = self._look()
        pipeline = _kept(picture.pipelines, build.pipeline_id, self._store.pipelines.get)
        return pipeline, _kept(picture.jobs, build.job_id, self._store.jobs.get)

    def _look(self) -> _Picture:
        moment = self._clock.monotonic()
        if moment >= self._picture.until:
            self._picture = _Picture(moment + _LIFETIME)
        return self._picture


def _kept(known: dict[int, T], key: int, ask: Callable[[int], T]) -> T:
    if key not in known:
        known[key] = ask(key)
    return known[key]


def _behind(plan: JobPlan) -> str:
    return f"waiting behind earlier builds of job {plan.name}"
