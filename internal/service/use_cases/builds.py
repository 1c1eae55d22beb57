"""Starting, watching, cancelling and retrying builds."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.approval import standings
from pikoci.internal.domain.build import Build, BuildStatus, InputChoice, LogChunk
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.job_inputs import settle
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import Page, Pipeline
from pikoci.internal.service.lifecycle.announcing import Announcements
from pikoci.internal.service.lifecycle.requeue import TakeBack
from pikoci.internal.service.lifecycle.starting import JobRun, Starter
from pikoci.internal.service.plumbing.bus import SCHEDULE, build_topic, worker_topic
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_build, find_job, find_pipeline, may_see, name_of
from pikoci.internal.service.use_cases.audited import audited
from pikoci.internal.service.use_cases.feeds import Feeds, read_log
from pikoci.internal.service.use_cases.follow import Follower
from pikoci.internal.service.use_cases.public import public_build, public_steps
from pikoci.internal.service.use_cases.reproducing import reproduce
from pikoci.internal.service.use_cases.views import BuildDetail, BuildUpdate, Reproduction


class BuildService:
    """Use cases around one build. A build's `number` is the one people see: `3`, or `3.1` for a retry."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._starter = Starter(context)
        self._announcements = Announcements(context)
        self._feeds = Feeds(context)

    @audited("build.trigger", "team pipeline job", tells="inputs values")
    def trigger(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        job: str,
        inputs: Mapping[str, int] | None = None,
        values: Mapping[str, object] | None = None,
    ) -> Build:
        """Start a build (role write). `inputs` chooses versions: a get's name, or a resource's, to a version id.

        `values` are those of the job's inputs; the others have their defaults.

        The build is accepted once this returns. Where something blocks it (pause, limits, no version for a get) it is
        pending and its `reason` says why. Raises NotFoundError, also for inputs that are not there, ConflictError
        for an archived job, InvalidInputsError for values that cannot be.
        """
        found = find_pipeline(self._store, principal, team, pipeline, Role.WRITE)
        with self._store.transaction():
            run = self._starter.run(found, find_job(self._store, found, job))
            given = settle(job, run.plan.inputs, values or {})
            started = run.start(name_of(principal), self._fixed(run, found, inputs or {}), values=given)
            self._context.audit.tell(object=full_name(team, pipeline, job, number=started[0].name))
        self._starter.announce(run, started)
        return self._explain(principal, started[0])

    def list(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        job: str | None = None,
        *,
        statuses: Sequence[BuildStatus] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Build]:
        """Builds of a job, or of all jobs, newest first."""
        found = find_pipeline(self._store, principal, team, pipeline)
        job_id = find_job(self._store, found, job).id if job is not None else None
        page = self._store.builds.list(
            job_id=job_id,
            pipeline_id=found.id if job is None else None,
            statuses=statuses,
            limit=limit,
            cursor=cursor,
        )
        explained = self._context.waiting.explain_all(principal, page.items)
        hidden = not principal.may(team, Role.READ, pipeline)
        return Page(items=[public_build(build) if hidden else build for build in explained], next=page.next)

    def find(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Build:
        """The build alone; its id opens `read_log` and `follow`. Raises NotFoundError."""
        found = find_pipeline(self._store, principal, team, pipeline)
        return self._shown(principal, found, self._find(found, job, number))

    def get(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> BuildDetail:
        """A build with its steps, inputs and outputs. To the public, versions, names and reasons stay hidden."""
        found = find_pipeline(self._store, principal, team, pipeline)
        build = self._shown(principal, found, self._find(found, job, number))
        steps = self._store.builds.steps(build.id) if build.claim else []
        if not principal.may(team, Role.READ, pipeline):
            return BuildDetail(build=build, steps=public_steps(steps))
        return BuildDetail(
            build=build,
            approvals=standings(build.gates, self._store.builds.votes(build.id)) if build.gates else [],
            announcements=self._announcements.of_build(build) if build.gates else [],
            steps=steps,
            inputs=self._store.builds.inputs(build.id),
            outputs=self._store.builds.outputs(build.id),
        )

    def reproduction(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Reproduction:
        """What is needed to run the build's job elsewhere (role write, as values of variables are given).

        Raises ConflictError where the job is no longer in the pipeline.
        """
        found = find_pipeline(self._store, principal, team, pipeline, Role.WRITE)
        return reproduce(self._context, found, self._find(found, job, number))

    @audited("build.cancel", "team pipeline job number")
    def cancel(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Build:
        """Cancel (role write): at once where it waits, else through its worker. Idempotent.

        Raises ConflictError once it ended.
        """
        found = find_pipeline(self._store, principal, team, pipeline, Role.WRITE)
        build_id = self._find(found, job, number).id
        with self._store.transaction():
            build = self._store.builds.lock(build_id)
            if build is None:
                raise NotFoundError(f"job {job} has no build {number}")
            build = TakeBack(self._context).cancel(build, f"cancelled by {name_of(principal)}")
        self._context.notify(build_topic(build.id))
        self._context.notify(SCHEDULE)
        if build.worker is not None:
            self._context.notify(worker_topic(build.worker))
        return build

    @audited("build.retry", "team pipeline job number")
    def retry(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Build:
        """Run an ended build again as `n.k` with the very versions it had (role write), and the approval if it had it.

        Raises ConflictError while it has not ended, for an archived job, and where the job has `disable_retry`.
        """
        found = find_pipeline(self._store, principal, team, pipeline, Role.WRITE)
        build = self._find(found, job, number)
        with self._store.transaction():
            run = self._starter.run(found, find_job(self._store, found, job))
            if run.plan.disable_retry:
                raise ConflictError(f"job {job} has disable_retry = true", hint="trigger a new build instead")
            if not build.status.is_final:
                raise ConflictError(
                    f"build {full_name(job, number=number)} has not ended", hint="cancel it, or wait for its end"
                )
            started = run.start(name_of(principal), run.known_inputs(build), retry_of=build)
            self._context.audit.tell(started=full_name(team, pipeline, job, number=started[0].name))
        self._starter.announce(run, started)
        return self._explain(principal, started[0])

    def read_log(self, build_id: int, offset: int = 0, limit: int = 1024 * 1024) -> Sequence[LogChunk]:
        """Log from `offset` on (the first chunk is cut to start there): whole chunks until `limit` bytes are reached.

        No access check: `find` the build first.
        """
        return read_log(self._context, build_id, offset, limit)

    def follow(
        self,
        principal: Principal,
        build_id: int,
        log_offset: int = 0,
        check: Callable[[], Principal] | None = None,
    ) -> Generator[BuildUpdate | None, None, None]:
        """What happens to a build, as it happens; first the whole state. None now and then as a sign of life.

        Names and reasons stay hidden from who is not a member of the team. Ends after the update with the final status
        and the end of the log. `check` says every second who follows; it raises where that login or token has ended.
        Raises NotFoundError, also later, and what `check` raises.
        """
        build = self._store.builds.get(build_id)
        pipeline = self._store.pipelines.get(build.pipeline_id) if build else None
        if pipeline is None or not may_see(principal, pipeline):
            raise NotFoundError(f"there is no build {build_id}")
        member = _is_member(principal, pipeline)

        def may_go_on() -> None:
            now = check() if check is not None else principal
            if not (_is_member(now, pipeline) if member else may_see(now, pipeline)):
                raise NotFoundError(f"there is no build {build_id} for you any more")

        updates = Follower(self._context, self._feeds, principal, build_id, log_offset, may_go_on).updates()
        return updates if member else _public(updates)

    def _find(self, pipeline: Pipeline, job: str, number: str) -> Build:
        return find_build(self._store, pipeline, job, number)

    def _shown(self, principal: Principal, pipeline: Pipeline, build: Build) -> Build:
        explained = self._explain(principal, build)
        return explained if _is_member(principal, pipeline) else public_build(explained)

    def _explain(self, principal: Principal, build: Build) -> Build:
        return self._context.waiting.explain(principal, build)

    def _fixed(self, run: JobRun, pipeline: Pipeline, inputs: Mapping[str, int]) -> Sequence[InputChoice]:
        """The gets that these names stand for, each with its version. Raises NotFoundError and ConflictError."""
        fixed: dict[str, InputChoice] = {}
        for name, version_id in inputs.items():
            steps = [step for step in run.plan.gets() if name in {step.name, step.resource}]
            if not steps:
                known = ", ".join(step.name for step in run.plan.gets()) or "none"
                raise NotFoundError(f"job {run.plan.name} has no get {name[:100]}", hint=f"its gets: {known}")
            for step in steps:
                version = self._store.versions.get(version_id)
                resource_id = run.resource_id(step.resource)
                if version is None or version.resource_id != resource_id:
                    raise NotFoundError(f"{step.resource} of pipeline {pipeline.name} has no version {version_id}")
                if version.disabled:
                    raise ConflictError(f"version {version_id} of {step.resource} is disabled", hint="enable it first")
                fixed[step.name] = InputChoice(get=step.name, resource_id=resource_id, version_id=version_id)
        return tuple(fixed.values())


def _is_member(principal: Principal, pipeline: Pipeline) -> bool:
    return principal.may(pipeline.team, Role.READ, pipeline.name)


def _public(updates: Generator[BuildUpdate | None, None, None]) -> Generator[BuildUpdate | None, None, None]:
    with closing(updates):
        for update in updates:
            if update is None:
                yield None
                continue
            build = public_build(update.build) if update.build else None
            steps = None if update.steps is None else public_steps(update.steps)
            yield msgspec.structs.replace(update, build=build, steps=steps)
