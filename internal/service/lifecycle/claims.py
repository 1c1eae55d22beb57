"""Handing builds to workers.

A message is a doorbell: it says that there is work in a queue. The answer to the claim for it is the build of that
queue whose turn it is, which may be another than the one that the message names, and is also given where that one is
gone. There is a message for each build, so each is answered by some message; of those that get lost the sweeper
publishes others.
"""

from __future__ import annotations

import msgspec

from pikoci.internal.domain.build import Build, BuildInput, BuildStatus, WaitingLine
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.gateway import BuildAssignment
from pikoci.internal.domain.levels import LEVEL
from pikoci.internal.domain.pipeline import Pipeline
from pikoci.internal.domain.queues import JOBS_QUEUE, jobs_queue
from pikoci.internal.domain.tags import tags_of
from pikoci.internal.service.lifecycle.assigning import assignment_of, info_of
from pikoci.internal.service.lifecycle.on_trigger import with_due_notices
from pikoci.internal.service.lifecycle.own_secrets import entries_of
from pikoci.internal.service.lifecycle.passing_on import TooOldError, pass_on_build
from pikoci.internal.service.plumbing.bus import SCHEDULE, build_topic
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.excerpt import as_run, job_excerpt


class _PlanChangedError(ConflictError):
    """The pipeline was set since the build was dispatched: its job has other gets or tags, or is no longer there."""

    def __init__(self, build: Build, message: str) -> None:
        super().__init__(message)
        self.build_id = build.id


class _TakenAtOnceError(ConflictError):
    """The same claim was answered at the same moment, perhaps by another server."""


class Claims:
    """Moves builds from pending to started, one atomic statement each, and says how to run them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def claim(self, build_id: int, by: Claimant) -> BuildAssignment:
        """See `Gateway.claim_build`."""
        try:
            assignment = self._claim(build_id, by)
        except _TakenAtOnceError:
            assignment = self._claim(build_id, by)
        except _PlanChangedError as error:
            self._choose_again(error.build_id)
            raise
        except TooOldError as error:
            pass_on_build(self._context, error.id)
            raise
        self._context.notify(build_topic(assignment.build.id))
        return assignment

    def _claim(self, rung_by: int, by: Claimant) -> BuildAssignment:
        now = self._context.clock.now()
        with self._store.transaction():
            build = self._next(rung_by, by, now)
            if build is None and self._store.builds.is_rung_again(rung_by, by.name, by.instance):
                build = self._next(rung_by, by, now)
            taken = build is not None
            if build is None:
                build = self._answered(rung_by, by)
            pipeline = self._store.pipelines.get(build.pipeline_id)
            if pipeline is None:
                raise ConflictError(f"the pipeline of build {build.id} was deleted")
            assignment = self._assign(build, pipeline, self._context.fleet.level(by))
            names = entries_of(assignment.secrets)
            if taken and (names or build.claim > 1):
                self._store.builds.name_secrets(build.id, names)
            self._context.fleet.require_able(by, JOBS_QUEUE, assignment.job.tags, pipeline.team)
        if taken and build.dispatched_at is not None:
            self._context.measures.dispatch.observe(now - build.dispatched_at)
        return assignment

    def _next(self, rung_by: int, by: Claimant, now: float) -> Build | None:
        """The build whose turn it is, started; None where there is none, or the claim was answered before."""
        builds, lease_until = self._store.builds, now + self._context.settings.lease
        for line in self._context.turns.take(self._open_lines(rung_by, by)):
            try:
                build = builds.claim_next(line, rung_by, by.name, by.instance, now, lease_until)
            except ConflictError as error:
                raise _TakenAtOnceError(error.message) from error
            if build is not None or builds.held(rung_by, by.name, by.instance) is not None:
                return build
        return None

    def _open_lines(self, rung_by: int, by: Claimant) -> list[WaitingLine]:
        """The lines in the build's queue that the worker may take from.

        Raises ConflictError where it may from none, and where it may not from the one that the build itself waits in.
        """
        lines, refused = [], {}
        for line in self._store.builds.lines_beside(rung_by, self._context.fleet.level(by)):
            if refusal := self._context.fleet.refusal(by, JOBS_QUEUE, tags_of(line.queue), line.team):
                refused[line.pipeline_id] = refusal
            else:
                lines.append(line)
        if refused:
            build = self._store.builds.get(rung_by)
            its_own = refused.get(build.pipeline_id) if build and build.status is BuildStatus.PENDING else None
            if its_own or not lines:
                raise its_own or next(iter(refused.values()))
        return lines

    def _answered(self, rung_by: int, by: Claimant) -> Build:
        """The build that the same claim was answered with before. Raises ConflictError where there is none."""
        build = self._store.builds.held(rung_by, by.name, by.instance)
        if build is not None and build.last_event == 0:
            return build
        self._require_new_enough(rung_by, by)
        raise ConflictError(f"build {rung_by} does not wait for a worker, nor does another in its queue")

    def _require_new_enough(self, rung_by: int, by: Claimant) -> None:
        """Return if nothing in the build's queue waits for a newer worker. Raises TooOldError, which names the first.

        Its message may be the one that this worker received.
        """
        fleet = self._context.fleet
        if fleet.level(by) >= LEVEL:
            return
        for line in self._context.turns.order(self._store.builds.lines_beside(rung_by)):
            if fleet.refusal(by, JOBS_QUEUE, tags_of(line.queue), line.team) is None:
                raise TooOldError(line.head, f"build {line.head} needs a newer worker than {by.name}")

    def _assign(self, build: Build, pipeline: Pipeline, level: int) -> BuildAssignment:
        compiled = self._context.compiled.get(pipeline)
        spec = compiled.spec
        plan = spec.job(build.job)
        if plan is None:
            raise _PlanChangedError(build, f"job {build.job} left pipeline {pipeline.name}")
        if jobs_queue(plan.tags) != build.queue:
            raise _PlanChangedError(build, f"the tags of job {build.job} changed")
        if compiled.need(build.job).level > level:
            raise _PlanChangedError(build, f"job {build.job} asks more of a worker than before")
        gets = {step.name: step.resource for step in plan.gets()}
        inputs = self._store.builds.inputs(build.id) if gets else []
        if not _fit(gets, inputs):
            raise _PlanChangedError(build, f"the gets of job {build.job} changed")
        plan = with_due_notices(self._store, build, as_run(plan), inputs)
        return assignment_of(
            self._context.settings,
            spec,
            plan,
            info_of(self._context.settings, build, pipeline, plan),
            [given for given in inputs if given.get in gets],
            job_excerpt(spec, plan),
            build.claim,
        )

    def _choose_again(self, build_id: int) -> None:
        with self._store.transaction():
            build = self._store.builds.lock(build_id)
            if build is None or build.dispatched_at is None or build.started_at is not None:
                return
            reason = "the pipeline was changed; its inputs are chosen again"
            self._store.builds.save(
                msgspec.structs.replace(build, dispatched_at=None, inputs_resolved=False, reason=reason)
            )
            self._store.jobs.request_scheduling([build.job_id])
        self._context.notify(SCHEDULE)


def _fit(gets: dict[str, str], inputs: list[BuildInput]) -> bool:
    """Whether there is an input for each get, of the get's resource."""
    given = {found.get: found.resource for found in inputs}
    return all(given.get(get) == resource for get, resource in gets.items())
