"""Handing builds to workers."""

from __future__ import annotations

import msgspec

from pikoci.internal.domain.build import Build, BuildInput
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.gateway import BuildAssignment, BuildInfo
from pikoci.internal.domain.pipeline import Pipeline
from pikoci.internal.domain.queues import JOBS_QUEUE
from pikoci.internal.service.lifecycle.excerpt import job_resources, job_runners, types_of
from pikoci.internal.service.plumbing.bus import SCHEDULE, build_topic
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context


class _PlanChangedError(ConflictError):
    """The pipeline was set since the build was dispatched: the build's inputs are not those its job has gets for."""


class Claims:
    """Moves builds from pending to started, one atomic statement each, and says how to run them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def claim(self, build_id: int, by: Claimant) -> BuildAssignment:
        """See `Gateway.claim_build`."""
        try:
            assignment = self._claim(build_id, by)
        except _PlanChangedError:
            self._choose_again(build_id)
            raise
        self._context.notify(build_topic(build_id))
        return assignment

    def _claim(self, build_id: int, by: Claimant) -> BuildAssignment:
        now = self._context.clock.now()
        with self._store.transaction():
            build = self._store.builds.claim(build_id, by.name, by.instance, now, now + self._context.settings.lease)
            taken = build is not None
            if build is None:
                build = self._held(build_id, by)
            pipeline = self._store.pipelines.get(build.pipeline_id)
            if pipeline is None:
                raise ConflictError(f"the pipeline of build {build_id} was deleted")
            assignment = self._assign(build, pipeline)
            self._context.fleet.require_able(by, JOBS_QUEUE, assignment.job.tags, pipeline.team)
        if taken and build.dispatched_at is not None:
            self._context.measures.dispatch.observe(now - build.dispatched_at)
        return assignment

    def _held(self, build_id: int, by: Claimant) -> Build:
        for build, holder in self._store.builds.started_by(by.name):
            if build.id == build_id and holder == by.instance and build.last_event == 0:
                return build
        raise ConflictError(
            f"build {build_id} cannot be claimed: it is taken, has ended, or does not wait for a worker"
        )

    def _assign(self, build: Build, pipeline: Pipeline) -> BuildAssignment:
        spec = self._context.compiled.get(pipeline).spec
        plan = spec.job(build.job)
        if plan is None:
            raise _PlanChangedError(f"job {build.job} left pipeline {pipeline.name}")
        gets = {step.name: step.resource for step in plan.gets()}
        inputs = self._store.builds.inputs(build.id) if gets else []
        if not _fit(gets, inputs):
            raise _PlanChangedError(f"the gets of job {build.job} changed")
        resources = job_resources(spec, plan)
        types = types_of(spec, resources)
        return BuildAssignment(
            build=self._info(build, pipeline),
            claim=build.claim,
            lease=self._context.settings.lease,
            job=plan,
            resources=resources,
            resource_types=types,
            runner_types=job_runners(spec, plan, types),
            inputs={given.get: given.version for given in inputs if given.get in gets},
            masks=spec.masks,
            env=spec.env,
        )

    def _info(self, build: Build, pipeline: Pipeline) -> BuildInfo:
        base = self._context.settings.external_url
        path = f"/teams/{pipeline.team}/pipelines/{pipeline.name}/jobs/{build.job}/builds/{build.name}"
        return BuildInfo(
            id=build.id,
            number=build.name,
            job=build.job,
            pipeline=pipeline.name,
            team=pipeline.team,
            url=base + path if base else "",
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
