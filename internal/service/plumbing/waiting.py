"""What builds wait for that have their inputs and no worker: worked out when somebody looks, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import Build, BuildStatus, WaitingLine
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.levels import Need
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import BusySlots, JobOverview, Pipeline, WorkerState
from pikoci.internal.domain.queues import JOBS_QUEUE
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.tags import tags_of
from pikoci.internal.domain.waiting import FOR_A_WORKER, for_a_slot
from pikoci.internal.service.plumbing.blocked import Blocked
from pikoci.internal.service.plumbing.compiled import CompiledPipelines
from pikoci.internal.service.plumbing.fleet import Fleet
from pikoci.internal.service.plumbing.turns import Turns

_LIFETIME = 1.0


@dataclass(slots=True)
class _Picture:
    """All slots that are taken, the lines of builds and the beginnings of some, as they were at one moment."""

    until: float
    busy: list[BusySlots]
    lines: list[WaitingLine]
    pipelines: dict[int, Pipeline | None] = field(default_factory=dict)
    first: dict[tuple[str, int], list[int]] = field(default_factory=dict)


class Waiting:
    """Says it of builds, from a picture that is at most a second old."""

    def __init__(self, store: Store, clock: Clock, compiled: CompiledPipelines, fleet: Fleet, turns: Turns) -> None:
        self._store = store
        self._clock = clock
        self._compiled = compiled
        self._fleet = fleet
        self._blocked = Blocked(store, clock, compiled)
        self._turns = turns
        self._picture: _Picture | None = None

    def explain(self, principal: Principal, build: Build) -> Build:
        """The build, with this as its `reason` if it waits for a worker or for its turn.

        Names of workers' builds are those that the principal may see.
        """
        if _is_blocked(build):
            return msgspec.structs.replace(build, reason=self._blocked.reason(build))
        if build.status is not BuildStatus.PENDING or build.dispatched_at is None:
            return build
        return msgspec.structs.replace(build, reason=self._reason(principal, build))

    def explain_all(self, principal: Principal, builds: Iterable[Build]) -> list[Build]:
        """The same for many, in few statements."""
        known = list(builds)
        self._blocked.look_at(one for one in known if _is_blocked(one))
        return [self.explain(principal, build) for build in known]

    def explain_jobs(self, principal: Principal, jobs: Iterable[JobOverview]) -> list[JobOverview]:
        """The same for the latest build of each job."""
        known = list(jobs)
        builds = {build.id: build for build in self.explain_all(principal, (job.latest for job in known if job.latest))}
        return [msgspec.structs.replace(job, latest=builds[job.latest.id]) if job.latest else job for job in known]

    def _reason(self, principal: Principal, build: Build) -> str:
        picture = self._look()
        team, tags, need = self._needs(picture, build)
        pipeline = picture.pipelines[build.pipeline_id]
        if pipeline is None or not principal.may(team, Role.READ, pipeline.name):
            return FOR_A_WORKER
        if reason := self._fleet.waiting_reason(JOBS_QUEUE, tags, team, need):
            return reason
        able = self._fleet.able(JOBS_QUEUE, tags, team, need.level)
        names = {state.name for state in able}
        return for_a_slot(able, _busy(principal, picture.busy, names), self._place(picture, build, able))

    def _look(self) -> _Picture:
        moment = self._clock.monotonic()
        if self._picture is None or moment >= self._picture.until:
            busy, lines = self._store.builds.busy(), self._store.builds.lines()
            self._picture = _Picture(moment + _LIFETIME, busy, lines)
        return self._picture

    def _needs(self, picture: _Picture, build: Build) -> tuple[str, list[str], Need]:
        """The team that the build belongs to, the tags that it asks for, and what its plan does."""
        known = picture.pipelines
        if build.pipeline_id not in known:
            known[build.pipeline_id] = self._store.pipelines.get(build.pipeline_id)
        pipeline = known[build.pipeline_id]
        if pipeline is None:
            return "", [], Need()
        compiled = self._compiled.get(pipeline)
        plan = compiled.plans.get(build.job)
        return pipeline.team, plan.tags if plan else [], compiled.need(build.job)

    def _place(self, picture: _Picture, build: Build, able: list[WorkerState]) -> int | None:
        """Which of the builds that any of these workers could take this one is; None where too many are before it."""
        mine = next((line for line in picture.lines if _stands_in(build, line)), None)
        if mine is None:
            return 1  # it came after the picture was taken, and nobody of its pipeline waited
        if (mine.queue, mine.pipeline_id) not in picture.first:
            picture.first[mine.queue, mine.pipeline_id] = self._store.builds.first_of(mine)
        first = picture.first[mine.queue, mine.pipeline_id]
        if build.id not in first:
            return None
        shared = [line for line in picture.lines if line is mine or self._is_for(able, line)]
        return self._turns.ahead(shared, mine, first.index(build.id)) + 1

    def _is_for(self, able: list[WorkerState], line: WaitingLine) -> bool:
        return any(self._fleet.fits(state, JOBS_QUEUE, tags_of(line.queue), line.team) for state in able)


def _stands_in(build: Build, line: WaitingLine) -> bool:
    return build.pipeline_id == line.pipeline_id and build.queue == line.queue


def _busy(principal: Principal, busy: list[BusySlots], workers: set[str]) -> list[tuple[str, int]]:
    """How many builds of which job run on these workers; jobs that the principal may not see have no name."""
    counts: dict[str, int] = {}
    for slots in busy:
        if slots.worker in workers:
            seen = slots.public or principal.may(slots.team, Role.READ, slots.pipeline)
            name = full_name(slots.team, slots.pipeline, slots.job) if seen else ""
            counts[name] = counts.get(name, 0) + slots.builds
    return list(counts.items())


def _is_blocked(build: Build) -> bool:
    """Whether the build has its inputs and is not given out."""
    return build.status is BuildStatus.PENDING and build.dispatched_at is None and build.inputs_resolved
