"""Checks of resources: claimed, run and reported."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.domain.gateway import CheckAssignment, CheckResult, ClaimRef
from pikoci.internal.worker.claiming import claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.execution.actions import cache_dir
from pikoci.internal.worker.execution.outcome import StepError
from pikoci.internal.worker.execution.scope import BuildControl, CauseKind, Scope
from pikoci.internal.worker.execution.workspace import Workspace
from pikoci.internal.worker.masking import Masker
from pikoci.internal.worker.reporting.delivery import RETRIABLE
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.registry import handler_of
from pikoci.internal.worker.runners import Runners
from pikoci.internal.worker.secrets import collect_masks
from pikoci.internal.worker.services import WorkerServices
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)


class CheckHandler:
    """Handles messages of the checks queue, each to the end of its check."""

    def __init__(self, services: WorkerServices, claims: ClaimTable) -> None:
        self._services = services
        self._claims = claims
        self._claim_backoff = services.backoff()

    def handle(self, delivery: Delivery) -> None:
        """Claim the check that the message names, run it and report it."""
        services = self._services
        asked = services.clock.monotonic()

        def claim(resource_id: int) -> CheckAssignment:
            nonlocal asked
            asked = services.clock.monotonic()
            return services.gateway.claim_check(resource_id, services.settings.name, services.settings.instance)

        assignment = claim_work(delivery, claim, self._claim_backoff, services.ending)
        if assignment is None:
            return
        ref = ClaimRef(build_id=assignment.resource_id, claim=assignment.claim)
        if ref in self._claims:
            return
        control = BuildControl(0.0)
        self._claims.add(HeldClaim(ref, control, assignment.lease, asked + assignment.lease, lambda: None))
        try:
            with control.plan.nested(assignment.timeout) as scope:
                result = self._run(assignment, scope)
            if control.plan.cause is None:
                self._finish(assignment, control, result)
        finally:
            control.release()
            self._claims.remove(ref)

    def _run(self, assignment: CheckAssignment, scope: Scope) -> CheckResult:
        masker = Masker(collect_masks(assignment.masks, [assignment.resource], [assignment.resource_type]))
        root = self._services.settings.workdir / "checks" / f"{assignment.resource_id}-{assignment.claim}"
        try:
            with Workspace(root) as workspace:
                call = self._call(assignment, scope, workspace, masker)
                handler = handler_of(assignment.resource_type, self._services.resource_types)
                return CheckResult(versions=handler.check(call, assignment.previous))
        except StepError as error:
            cause = error.outcome.cause
            timed_out = cause is not None and cause.kind is CauseKind.TIMEOUT
            reason = f"the check {error.outcome.reason}" if timed_out else error.outcome.reason
            return CheckResult(error=masker.mask_text(reason))
        except OSError as error:
            return CheckResult(error=masker.mask_text(f"the worker cannot use its disk: {error}"))
        except Exception as error:  # noqa: BLE001 - whatever a check brings up, the worker lives on and the check ends
            _log.exception("check failed inside the worker", resource=assignment.resource_id)
            return CheckResult(error=f"an error inside the worker: {type(error).__name__}")

    def _call(self, assignment: CheckAssignment, scope: Scope, workspace: Workspace, masker: Masker) -> ResourceCall:
        services, resource = self._services, assignment.resource
        own = {"WORKDIR": str(workspace.work), "TMPDIR": str(workspace.tmp)}
        return ResourceCall(
            resource=resource,
            type=assignment.resource_type,
            name=resource.name,
            params=resource.params,
            put_params={},
            scope=scope,
            workspace=workspace,
            commands=services.commands(assignment.lease),
            runners=Runners(assignment.runner_types, workspace, masker),
            gateway=services.gateway,
            clock=services.clock,
            settings=services.settings,
            environment={**services.settings.environment, **own, "CI": "true"},
            visible={"BUILD_PIPELINE_NAME": assignment.pipeline, "BUILD_TEAM_NAME": assignment.team},
            on_output=lambda _: None,
            cache_dir=cache_dir(services.settings.workdir / "cache", assignment.team, assignment.pipeline, resource),
        )

    def _finish(self, assignment: CheckAssignment, control: BuildControl, result: CheckResult) -> None:
        """Deliver the result for as long as the claim lives; a lost one costs no more than the next check."""
        backoff = self._services.backoff()
        while control.plan.cause is None:
            try:
                self._services.gateway.finish_check(assignment.resource_id, assignment.claim, result)
            except RETRIABLE as error:
                _log.warning("check result postponed", resource=assignment.resource_id, error=error.message)
                control.plan.stopped.wait(backoff.pause())
            except PikociError as error:
                _log.warning("check result refused", resource=assignment.resource_id, error=error.message)
                return
            else:
                return
