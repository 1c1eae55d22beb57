"""A job on this machine, without a server: what `pikoci run` does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random

import msgspec

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import InvalidError, NotFoundError
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.domain.gateway import (
    BuildAssignment,
    BuildInfo,
    CheckAssignment,
    CheckResult,
    ClaimRef,
    WorkerTerms,
)
from pikoci.internal.domain.job_inputs import settle
from pikoci.internal.domain.plan import GetStep, JobPlan, PipelineSpec, ResourceType
from pikoci.internal.worker.home import REMOVED, WorkerHome
from pikoci.internal.worker.local_gateway import LocalGateway, OnEvent
from pikoci.internal.worker.notifications.builtin import builtin_notifiers
from pikoci.internal.worker.plan.build import run_build
from pikoci.internal.worker.plan.check import run_check
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.process import Spawner
from pikoci.internal.worker.resources.builtin import builtin_types
from pikoci.internal.worker.resources.directory import DirectoryType
from pikoci.internal.worker.resources.model import ResourceHandler
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.log_ids import build_ids
from pikoci.internal.worker.tools.removal import Remover, remove_tree
from pikoci.internal.worker.users import OwnUser

_NO_LEASE = 10.0**9


class LocalRun:
    """One job of a pipeline, once. Gets take the newest version that a check finds; `passed` has no meaning here.

    `directories` maps resources (`type.name`) to directories that stand for them. `settings.workdir` should be a new
    directory; it is removed in the end. The spawner is closed in the end. Unless told to `notify`, notifications are
    shown and not sent.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        job: str,
        build: BuildInfo,
        directories: Mapping[str, Path],
        spawner: Spawner,
        settings: WorkerSettings,
        clock: Clock,
        random: Random,
        on_event: OnEvent,
        *,
        values: Mapping[str, object] | None = None,
        versions: Mapping[str, dict[str, object]] | None = None,
        notify: bool = False,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """`values` are those of the job's inputs, `secrets` the entries that a server's own store would have. Gets that
        `versions` names take those, and check nothing.

        Raises NotFoundError for an unknown job, InvalidError for a bad entry of `directories` or `values`.
        """
        self._spec = _without_params(spec, directories)
        self._job = _find_job(spec, job)
        inputs = self._job.input_variables(settle(job, self._job.inputs, values or {}))
        build = msgspec.structs.replace(build, inputs=inputs)
        self._build = build
        gets = self._job.gets()
        self._versions = {
            get.name: versions[get.name]
            for get in gets
            if versions and get.name in versions and get.resource not in directories
        }
        self._spawner = spawner
        self._on_event = on_event
        self._control = BuildControl(settings.hook_budget)
        self._equipment = Equipment(
            gateway=LocalGateway(on_event, settings.workdir / "artifacts", secrets),
            spawner=spawner,
            remover=Remover(settings.workdir / REMOVED),
            settings=settings,
            clock=clock,
            random=random,
            resource_types=builtin_types(_handlers(spec, directories)),
            terms=WorkerTerms(),
            notifiers=builtin_notifiers(send=notify),
        )

    def run(self) -> BuildFinished:
        """Check, run, and return how it ended; all events, the last one too, went to `on_event`."""
        settings = self._equipment.settings
        try:
            with WorkerHome(settings), closing(self._equipment.remover), closing(self._spawner):
                return self._run()
        finally:
            self._control.release()
            remove_tree(settings.workdir)

    def cancel(self, reason: str) -> None:
        """Cancel the build; a second time leaves no time for hooks."""
        again = self._control.plan.cause is not None
        self._control.cancel(reason, 0.0 if again else None)

    def _run(self) -> BuildFinished:
        equipment = self._equipment
        inputs: dict[str, dict[str, object]] = {}
        inputs.update(self._versions)
        for number, get in enumerate(self._job.gets(), 1):
            if get.name in inputs:
                continue
            result = self._check(number, get)
            if not result.versions:
                reason = f'get "{get.name}": {result.error or "the check found no version"}'
                return self._stop(reason)
            inputs[get.name] = result.versions[-1]
        assignment = self._assignment(inputs)
        ref = ClaimRef(id=self._build.id, claim=1)
        reporter = equipment.reporter(ref, self._control, build_ids(assignment), "the events could not be shown")
        last = run_build(equipment, assignment, self._control, reporter, OwnUser())
        if isinstance(last, BuildReturned):
            last = BuildFinished(status=BuildStatus.CANCELLED, at=last.at, reason=last.reason)
        last = msgspec.structs.replace(last, status=self._job.ends_as(last.status))
        reporter.finish(last, lambda: equipment.settings.report_patience)
        return last

    def _check(self, number: int, get: GetStep) -> CheckResult:
        resource = self._spec.resource(get.resource)
        if resource is None:
            return CheckResult(error=f'the pipeline has no resource "{get.resource}"')
        kind = self._spec.resource_type(resource.type) or ResourceType(name=resource.type, builtin=resource.type)
        assignment = CheckAssignment(
            resource_id=number,
            claim=1,
            lease=_NO_LEASE,
            team=self._build.team,
            pipeline=self._build.pipeline,
            resource=resource,
            resource_type=kind,
            runner_types=self._spec.runner_types,
            previous=None,
            masks=self._spec.masks,
            env=self._spec.env,
            secrets=self._spec.secrets,
        )
        with self._control.plan.nested(assignment.timeout) as lifetime:
            return run_check(self._equipment, assignment, self._control, lifetime, OwnUser())

    def _assignment(self, inputs: dict[str, dict[str, object]]) -> BuildAssignment:
        return BuildAssignment(
            build=self._build,
            claim=1,
            lease=_NO_LEASE,
            job=msgspec.structs.replace(self._job, on_trigger=[], announcements={}),  # no new version makes this build
            resources=self._spec.resources,
            resource_types=self._spec.resource_types,
            runner_types=self._spec.runner_types,
            service_types=self._spec.service_types,
            inputs=inputs,
            masks=self._spec.masks,
            env=self._spec.env,
            notification_types=self._spec.notification_types,
            notifications=self._spec.notifications,
            secrets=self._spec.secrets,
        )

    def _stop(self, reason: str) -> BuildFinished:
        cause = self._control.plan.cause
        status = BuildStatus.FAILED if cause is None else BuildStatus.CANCELLED
        last = BuildFinished(status=status, at=self._equipment.clock.now(), reason=cause.reason if cause else reason)
        self._on_event(last)
        return last


def _find_job(spec: PipelineSpec, name: str) -> JobPlan:
    job = spec.job(name)
    if job is None:
        known = ", ".join(job.name for job in spec.jobs) or "none"
        raise NotFoundError(f'the pipeline has no job "{name}"', hint=f"it has {known}")
    return job


def _without_params(spec: PipelineSpec, directories: Mapping[str, Path]) -> PipelineSpec:
    """`spec`, in which resources that directories stand for need nothing else, secrets least of all."""
    resources = [
        msgspec.structs.replace(one, params={name: value for name, value in one.params.items() if name == "name"})
        if one.canonical in directories
        else one
        for one in spec.resources
    ]
    return msgspec.structs.replace(spec, resources=resources)


def _handlers(spec: PipelineSpec, directories: Mapping[str, Path]) -> dict[str, ResourceHandler]:
    """What serves the resources that directories stand for."""
    for canonical, path in directories.items():
        if spec.resource(canonical) is None:
            known = ", ".join(resource.canonical for resource in spec.resources) or "none"
            raise InvalidError(f'the pipeline has no resource "{canonical}"', hint=f"it has {known}")
        if not path.is_dir():
            raise InvalidError(f"{path}, given for {canonical}, is not a directory")
    return {canonical: DirectoryType(path.resolve()) for canonical, path in directories.items()}
