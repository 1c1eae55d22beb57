"""A claimed check, from its workspace to its result."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.gateway import CheckAssignment, CheckResult
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.versions import refuse_secrets
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.caches import cache_dir
from pikoci.internal.worker.tools.environment import base_variables
from pikoci.internal.worker.tools.lifetime import BuildControl, CauseKind, Lifetime
from pikoci.internal.worker.tools.log_ids import check_ids
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.internal.worker.tools.own_store import OwnStore
from pikoci.internal.worker.tools.runners import CommandLines
from pikoci.internal.worker.tools.secret_stores import reader_of
from pikoci.internal.worker.tools.secrets import collect_masks
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import Loan

_log = structlog.get_logger(__name__)


def run_check(
    equipment: Equipment, assignment: CheckAssignment, control: BuildControl, lifetime: Lifetime, loan: Loan
) -> CheckResult:
    """Check a resource in a directory of its own. Whatever happens, a result comes: the caller only delivers it."""
    masks = collect_masks(assignment.masks, [assignment.resource], [assignment.resource_type])
    masker = Masker(masks)
    place = equipment.settings.workdir / "checks" / f"{assignment.resource_id}-{assignment.claim}"
    work = f"{assignment.team}/{assignment.pipeline}/{assignment.resource.canonical}"
    try:
        with equipment.workspace(place, loan, work) as workspace:
            call = _call(equipment, assignment, control, lifetime, workspace, masks)
            handler = equipment.resource_types.handler(assignment.resource.canonical, assignment.resource_type)
            versions = handler.check(call, assignment.previous)
            for version in versions:
                refuse_secrets(version, masker)
            return CheckResult(versions=versions, metadata=call.descriptions.of(versions, masker))
    except StepError as error:
        cause = error.outcome.cause
        timed_out = cause is not None and cause.kind is CauseKind.TIMEOUT
        reason = f"the check {error.outcome.reason}" if timed_out else error.outcome.reason
    except OSError as error:
        reason = f"the worker cannot use its disk: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a check brings up, the worker lives on and the check ends
        _log.exception("check failed inside the worker", **check_ids(assignment))
        reason = f"an error inside the worker: {type(error).__name__}"
    return CheckResult(error=masker.mask_text(reason))


def _call(
    equipment: Equipment,
    assignment: CheckAssignment,
    control: BuildControl,
    lifetime: Lifetime,
    workspace: Workspace,
    masks: list[str],
) -> ResourceCall:
    resource, settings = assignment.resource, equipment.settings
    commands = equipment.commands(assignment.lease, control, workspace, assignment.team)
    own = OwnStore(equipment.gateway.check_secret, assignment.resource_id, assignment.claim, settings)
    secrets = reader_of(assignment, masks, commands, workspace, settings, own)
    base = {"BUILD_PIPELINE_NAME": assignment.pipeline, "BUILD_TEAM_NAME": assignment.team, "CI": "true"}
    scope = Scope(lifetime, base, assignment.env, secrets)
    return ResourceCall(
        resource=resource,
        type=assignment.resource_type,
        name=resource.name,
        params=secrets.fill_params(resource.params, resource, assignment.resource_type, lifetime),
        put_params={},
        lifetime=lifetime,
        workspace=workspace,
        commands=commands,
        command_lines=CommandLines(
            assignment.runner_types, workspace, Masker(masks), lambda value: secrets.fill(value, lifetime)
        ),
        gateway=equipment.gateway,
        clock=equipment.clock,
        settings=settings,
        environment=base_variables(settings.environment, workspace),
        see=lambda: scope.variables,
        on_output=lambda _: None,
        cache_dir=cache_dir(settings.workdir / "cache", assignment.team, assignment.pipeline, resource),
        team=assignment.team,
        user=workspace.user,
    )
