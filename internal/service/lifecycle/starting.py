"""Making builds: the row, its inputs, and the dispatch at once where nothing blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from pikoci.internal.domain.build import Build, InputChoice, check_transition
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.job_inputs import Value, complete
from pikoci.internal.domain.pipeline import Job, Pipeline
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.queues import jobs_queue
from pikoci.internal.service.lifecycle.announcing import begin_to_announce
from pikoci.internal.service.lifecycle.approving import gated
from pikoci.internal.service.lifecycle.dispatch import Dispatcher
from pikoci.internal.service.lifecycle.inputs import InputChooser
from pikoci.internal.service.lifecycle.interrupting import interrupt
from pikoci.internal.service.plumbing.bus import build_topic
from pikoci.internal.service.plumbing.compiled import CompiledPipeline
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.slots import pause_reason

_SETTLED = 500


class Starter:
    """Starts builds on somebody's wish. In between `run` and `announce`, `JobRun.start` makes the build."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._doorbell = context.doorbell

    def run(self, pipeline: Pipeline, job: Job) -> JobRun:
        """What makes builds of the job, within the transaction that this is called in.

        Raises ConflictError for an archived job.
        """
        if job.archived:
            raise ConflictError(f"job {job.name} is no longer in pipeline {pipeline.name}")
        return JobRun(self._context, pipeline, self._context.compiled.get(pipeline), job)

    def announce(self, run: JobRun, started: Sequence[Build]) -> None:
        """Publish what may go, and tell who watches builds that waited: called after the transaction."""
        gone = [build for build in started if build.dispatched_at is not None]
        for plan, ids in run.by_plan(gone):
            self._doorbell.ring_builds(plan, run.team, ids)
        for build in started[1:]:
            self._context.notify(build_topic(build.id))


class JobRun:
    """The builds of one job of one revision, for the length of one transaction."""

    def __init__(self, context: Context, pipeline: Pipeline, compiled: CompiledPipeline, job: Job) -> None:
        self._context = context
        self._store = context.store
        self._pipeline = pipeline
        self._compiled = compiled
        self._job = job
        self._locked: Sequence[Job] = ()
        self._now = context.clock.now()
        self._chooser = InputChooser(context, pipeline.id, compiled)
        self.plan: JobPlan = compiled.plan(job.name)

    def start(
        self,
        created_by: str,
        fixed: Sequence[InputChoice] = (),
        retry_of: Build | None = None,
        values: Mapping[str, Value] | None = None,
    ) -> list[Build]:
        """Make one build on somebody's wish; returns it, and with it all builds that are to be published now.

        The build is the first of the list, dispatched or not; any others were waiting for the same slots.
        """
        if self.plan.is_limited or self.plan.interruptible:
            self._lock()
        inputs, reason = self._chooser.choose(self.plan, fixed)
        build = self._create(created_by, inputs, reason, retry_of, values)
        self._interrupt()
        if not (self.plan.is_limited and build.inputs_resolved):
            return [build]
        gone = self._dispatch()
        mine = next((found for found in gone if found.id == build.id), build)
        return [mine, *(found for found in gone if found.id != build.id)]

    @property
    def team(self) -> str:
        """The team whose pipeline it is."""
        return self._pipeline.team

    def schedule(self, limit: int) -> list[Build]:
        """Choose inputs for the builds that wait for them, make the builds that new versions ask for, and dispatch.

        Returns what is to be published now. Where `limit` cut the new builds short, the job is looked at again.
        """
        self._lock()
        self._settle_waiting()
        new = [] if pause_reason(self._pipeline, self._job) else self._chooser.new_sets(self.plan, limit)
        made = [self._create("", inputs, "", None) for inputs in new]
        if len(new) == limit:
            self._store.jobs.request_scheduling([self._job.id])
        stopped = self._interrupt()
        return [*(build for build in made if build.dispatched_at and build.id not in stopped), *self._dispatch()]

    def by_plan(self, builds: Iterable[Build]) -> Iterator[tuple[JobPlan, list[int]]]:
        """The ids of builds of this pipeline, grouped by their jobs' plans."""
        grouped: dict[str, list[int]] = {}
        for build in builds:
            grouped.setdefault(build.job, []).append(build.id)
        for job, ids in grouped.items():
            yield self._compiled.plan(job), ids

    def resource_id(self, canonical: str) -> int:
        """The id of a resource that the job's gets name."""
        return self._compiled.resource_ids[canonical]

    def known_inputs(self, build: Build) -> list[InputChoice]:
        """The inputs that a build was given, for those of the job's gets that are still there."""
        gets = {step.name: step.resource for step in self.plan.gets()}
        return [
            InputChoice(
                get=given.get,
                resource_id=self._compiled.resource_ids[given.resource],
                version_id=given.version_id,
                upstream=given.upstream,
            )
            for given in self._store.builds.inputs(build.id)
            if gets.get(given.get) == given.resource
        ]

    def _lock(self) -> None:
        """Keep other servers from making builds of this job, and from giving out the slots that it shares."""
        self._locked = self._store.jobs.lock(self._compiled.linked[self._job.name])
        self._job = next((job for job in self._locked if job.id == self._job.id), self._job)

    def _create(
        self,
        created_by: str,
        inputs: Sequence[InputChoice],
        reason: str,
        retry_of: Build | None,
        values: Mapping[str, Value] | None = None,
    ) -> Build:
        paused = pause_reason(self._pipeline, self._job)
        free = not (reason or paused or self.plan.is_limited)
        build = Build(
            id=0,
            pipeline_id=self._pipeline.id,
            job_id=self._job.id,
            job=self._job.name,
            number=retry_of.number if retry_of else 0,
            created_by=created_by,
            created_at=self._now,
            reason=reason and (paused or reason),
            inputs_resolved=not reason,
            dispatched_at=self._now if free else None,
            queue=jobs_queue(self.plan.tags),
            priority=self.plan.priority,
            level=self._compiled.need(self._job.name).level,
            values=complete(self.plan.inputs, (retry_of.values if retry_of else values) or {}) or None,
            approved_at=retry_of.approved_at if retry_of else None,
        )
        build = build if reason else gated(build, self.plan, self._now)
        made = self._store.builds.create(build, inputs)
        begin_to_announce(self._context, made, self.plan, self._pipeline.team)
        return made

    def _interrupt(self) -> set[int]:
        """Stop what a newer build has overtaken, where the job wants that and the newer one may start."""
        wanted = self.plan.interruptible and not pause_reason(self._pipeline, self._job)
        return interrupt(self._context, self._job.id) if wanted else set()

    def _settle_waiting(self) -> None:
        common = ""  # the reason of every build without inputs of its own: the same for all, so it is found out once
        for build in self._store.builds.pending(self._job.id, resolved=False, limit=_SETTLED):
            known = self.known_inputs(build)
            inputs, reason = ([], common) if common and not known else self._chooser.choose(self.plan, known)
            if not reason:
                self._store.builds.set_inputs(build.id, inputs)
                self._begin_to_wait(msgspec.structs.replace(build, inputs_resolved=True, reason=""))
            elif reason != build.reason:
                self._store.builds.save(msgspec.structs.replace(build, reason=reason))
            if not known:
                common = reason

    def _begin_to_wait(self, build: Build) -> None:
        """Let a build that has its inputs now wait for approval, if it needs one."""
        waiting = gated(build, self.plan, self._now)
        if waiting is not build:
            check_transition(build.status, waiting.status)
            self._store.builds.save(waiting)
            begin_to_announce(self._context, waiting, self.plan, self._pipeline.team)
            self._context.notify(build_topic(build.id))

    def _dispatch(self) -> list[Build]:
        dispatcher = Dispatcher(self._store, self._pipeline, self._compiled, self._now)
        gone, more = dispatcher.dispatch(self._locked)
        if more:
            self._store.jobs.request_scheduling([self._job.id])
        return gone
