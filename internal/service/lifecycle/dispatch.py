"""Which of the waiting builds may go to a worker now. Why the others wait is told by `plumbing.blocked`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.pipeline import Job, Pipeline
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.queues import jobs_queue
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.compiled import CompiledPipeline
from pikoci.internal.service.plumbing.slots import WINDOW, Slots, pause_reason


class Dispatcher:
    """Gives slots to the builds of one job, or of all jobs that serial groups connect with it, oldest first.

    Used within a transaction that has locked these jobs, so that two servers never give out the same slot.
    """

    def __init__(self, store: Store, pipeline: Pipeline, compiled: CompiledPipeline, now: float) -> None:
        self._store = store
        self._compiled = compiled
        self._pipeline = pipeline
        self._now = now

    def dispatch(self, jobs: Sequence[Job]) -> tuple[list[Build], bool]:
        """Stamp the builds that may go now. Returns them, and whether the next ones are to be looked at.

        What it reads is what goes, however long the lines are: it gives out 50 builds at most.
        """
        slots = Slots(self._compiled, self._store.builds.count_active([job.id for job in jobs]))
        plans = [self._compiled.plans[job.name] for job in jobs if not pause_reason(self._pipeline, job)]
        gone: list[Build] = []
        while len(gone) < WINDOW:
            able = [plan for plan in plans if slots.room(plan)]
            limit = min(self._most(able, slots), WINDOW - len(gone))
            oldest = self._oldest(able, limit) if able else []
            for build in oldest:
                if slots.room(self._compiled.plans[build.job]):
                    slots.take(build.job_id)
                    gone.append(self._send(build))
            if len(oldest) < max(limit, 1):
                return gone, False
        return gone, True

    def _most(self, able: Sequence[JobPlan], slots: Slots) -> int:
        """How many builds of these jobs may go side by side."""
        groups = {group for plan in able for group in plan.serial_groups}
        return len(groups) or sum(slots.room(plan) for plan in able)

    def _oldest(self, able: Sequence[JobPlan], limit: int) -> list[Build]:
        ids = [self._compiled.job_ids[plan.name] for plan in able]
        if able[0].serial_groups:
            return self._store.builds.fronts(ids, limit)
        return self._store.builds.pending(ids[0], resolved=True, limit=limit)

    def _send(self, build: Build) -> Build:
        plan = self._compiled.plans[build.job]
        sent = msgspec.structs.replace(
            build,
            dispatched_at=self._now,
            queue=jobs_queue(plan.tags),
            priority=plan.priority,
            level=self._compiled.need(build.job).level,
            reason="",
        )
        self._store.builds.save(sent)
        return sent
