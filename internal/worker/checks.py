"""Checks: the checks queue's messages, each to the end of its check."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.domain.gateway import CheckAssignment, CheckResult, ClaimRef
from pikoci.internal.worker.claiming import claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.plan.check import run_check
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.reporting.sending import RETRIABLE
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.log_ids import check_ids
from pikoci.internal.worker.users import Loan
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)


class CheckHandler:
    """Handles messages of the checks queue, each to the end of its check."""

    def __init__(self, equipment: Equipment, claims: ClaimTable) -> None:
        self._equipment = equipment
        self._claims = claims
        self._claim_backoff = equipment.backoff()

    def handle(self, delivery: Delivery, loan: Loan) -> None:
        """Claim the check that the message names, run it as the borrowed user, and report it."""
        equipment = self._equipment
        claimed = claim_work(
            delivery, self._claim, self._claim_backoff, equipment.ending, equipment.clock, "resource_id"
        )
        if claimed is None:
            return
        assignment = claimed.assignment
        ref = ClaimRef(id=assignment.resource_id, claim=assignment.claim)
        if ref in self._claims:
            return  # the same message twice: claiming is idempotent, running is not
        control = BuildControl(0.0)
        held = HeldClaim(ref, control, assignment.lease, claimed.expires, ids=check_ids(assignment))
        with self._claims.holding(held):
            with control.plan.nested(assignment.timeout) as lifetime:
                result = run_check(equipment, assignment, control, lifetime, loan)
            loan.give_back()  # the report may take longer, and nothing runs any more
            self._finish(assignment, control, result)

    def _claim(self, resource_id: int) -> CheckAssignment:
        settings = self._equipment.settings
        return self._equipment.gateway.claim_check(resource_id, settings.name, settings.instance)

    def _finish(self, assignment: CheckAssignment, control: BuildControl, result: CheckResult) -> None:
        """Deliver the result for as long as the claim lives; a lost one costs no more than the next check."""
        backoff = self._equipment.backoff()
        log = _log.bind(**check_ids(assignment))
        while control.plan.cause is None:
            try:
                self._equipment.gateway.finish_check(assignment.resource_id, assignment.claim, result)
            except RETRIABLE as error:
                log.warning("check result postponed", error=error.message)
                control.plan.stopped.wait(backoff.pause(error))
            except PikociError as error:
                log.warning("check result refused", error=error.message)
                return
            else:
                return
