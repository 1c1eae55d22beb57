"""One build or one check, run to its result, whatever happens: the caller only delivers it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.domain.gateway import BuildAssignment, CheckAssignment, CheckResult
from pikoci.internal.worker.plan.build import run_plan
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.reporting.log_cap import HeadBudget
from pikoci.internal.worker.reporting.reporter import Reporter
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.versions import refuse_secrets
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.tools.caches import cache_dir
from pikoci.internal.worker.tools.environment import base_variables
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.internal.worker.tools.runners import Runners
from pikoci.internal.worker.tools.scope import BuildControl, CauseKind, Scope
from pikoci.internal.worker.tools.secrets import collect_masks
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import Loan

_log = structlog.get_logger(__name__)


def run_build(
    services: Equipment, assignment: BuildAssignment, control: BuildControl, reporter: Reporter, loan: Loan
) -> BuildFinished | BuildReturned:
    """Run a build in a directory of its own, and return its last event; the others went to `reporter`."""
    settings, build = services.settings, assignment.build
    try:
        root = settings.workdir / "builds" / f"{build.id}-{assignment.claim}"
        with _room(services, root, loan, f"{build.team}/{build.pipeline}/{build.job}") as workspace:
            context = BuildContext(
                assignment=assignment,
                settings=settings,
                gateway=services.gateway,
                reporter=reporter,
                control=control,
                workspace=workspace,
                commands=services.commands(assignment.lease, control, workspace),
                resource_types=services.resource_types,
                clock=services.clock,
                masks=collect_masks(assignment.masks, assignment.resources, assignment.resource_types),
                head=HeadBudget(services.terms.log_head_limit),
                tail_limit=services.terms.log_tail_limit,
            )
            return run_plan(context)
    except OSError as error:
        reason = f"the worker {settings.name} cannot use its disk: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a plan brings up, the worker lives on and the build ends
        _log.exception("build failed inside the worker", build=build.id, claim=assignment.claim)
        reason = f"an error inside the worker {settings.name}: {type(error).__name__}"
    return BuildFinished(status=BuildStatus.ERRORED, at=services.clock.now(), reason=reason)


def run_check(
    services: Equipment, assignment: CheckAssignment, control: BuildControl, scope: Scope, loan: Loan
) -> CheckResult:
    """Check a resource in a directory of its own."""
    masker = Masker(collect_masks(assignment.masks, [assignment.resource], [assignment.resource_type]))
    root = services.settings.workdir / "checks" / f"{assignment.resource_id}-{assignment.claim}"
    work = f"{assignment.team}/{assignment.pipeline}/{assignment.resource.canonical}"
    try:
        with _room(services, root, loan, work) as workspace:
            call = _check_call(services, assignment, control, scope, workspace, masker)
            handler = services.resource_types.handler(assignment.resource.canonical, assignment.resource_type)
            versions = handler.check(call, assignment.previous)
            for version in versions:
                refuse_secrets(version, masker)
            return CheckResult(versions=versions)
    except StepError as error:
        cause = error.outcome.cause
        timed_out = cause is not None and cause.kind is CauseKind.TIMEOUT
        reason = f"the check {error.outcome.reason}" if timed_out else error.outcome.reason
    except OSError as error:
        reason = f"the worker cannot use its disk: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a check brings up, the worker lives on and the check ends
        _log.exception("check failed inside the worker", resource=assignment.resource_id)
        reason = f"an error inside the worker: {type(error).__name__}"
    return CheckResult(error=masker.mask_text(reason))


@contextmanager
def _room(services: Equipment, root: Path, loan: Loan, work: str) -> Generator[Workspace]:
    """A workspace for the borrowed user, which runs nothing any more when the workspace is removed."""
    user = loan.take_up(work)
    with Workspace(root, services.remover.remove, user) as workspace:
        try:
            yield workspace
        finally:
            loan.end_processes()


def _check_call(
    services: Equipment,
    assignment: CheckAssignment,
    control: BuildControl,
    scope: Scope,
    workspace: Workspace,
    masker: Masker,
) -> ResourceCall:
    resource, settings = assignment.resource, services.settings
    return ResourceCall(
        resource=resource,
        type=assignment.resource_type,
        name=resource.name,
        params=resource.params,
        put_params={},
        scope=scope,
        workspace=workspace,
        commands=services.commands(assignment.lease, control, workspace),
        runners=Runners(assignment.runner_types, workspace, masker),
        gateway=services.gateway,
        clock=services.clock,
        settings=settings,
        environment=base_variables(settings.environment, workspace),
        visible={"BUILD_PIPELINE_NAME": assignment.pipeline, "BUILD_TEAM_NAME": assignment.team, "CI": "true"},
        on_output=lambda _: None,
        cache_dir=cache_dir(settings.workdir / "cache", assignment.team, assignment.pipeline, resource),
        team=assignment.team,
        user=workspace.user,
    )
