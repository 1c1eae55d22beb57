"""Checks of resources: claimed, run and reported."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.domain.gateway import CheckAssignment, CheckResult, ClaimRef
from pikoci.internal.worker.claiming import claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.plan.running import run_check
from pikoci.internal.worker.reporting.delivery import RETRIABLE
from pikoci.internal.worker.tools.scope import BuildControl
from pikoci.internal.worker.users import Loan
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)


class CheckHandler:
    """Handles messages of the checks queue, each to the end of its check."""

    def __init__(self, services: Equipment, claims: ClaimTable) -> None:
        self._services = services
        self._claims = claims
        self._claim_backoff = services.backoff()

    def handle(self, delivery: Delivery, loan: Loan) -> None:
        """Claim the check that the message names, run it as the borrowed user, and report it."""
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
                result = run_check(services, assignment, control, scope, loan)
            loan.give_back()  # the report may take longer, and nothing runs any more
            if control.plan.cause is None:
                self._finish(assignment, control, result)
        finally:
            control.release()
            self._claims.remove(ref)

    def _finish(self, assignment: CheckAssignment, control: BuildControl, result: CheckResult) -> None:
        """Deliver the result for as long as the claim lives; a lost one costs no more than the next check."""
        backoff = self._services.backoff()
        while control.plan.cause is None:
            try:
                self._services.gateway.finish_check(assignment.resource_id, assignment.claim, result)
            except RETRIABLE as error:
                _log.warning("check result postponed", resource=assignment.resource_id, error=error.message)
                control.plan.stopped.wait(backoff.pause(error))
            except PikociError as error:
                _log.warning("check result refused", resource=assignment.resource_id, error=error.message)
                return
            else:
                return
