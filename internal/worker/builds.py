"""Builds: the jobs queue's messages, each to the end of its build.

`BuildHandler.handle` is the life of a build here, in its order; the docstring of the package tells it in words.
"""

from __future__ import annotations

import structlog

from pikoci.internal.domain.events import BuildFinished
from pikoci.internal.domain.gateway import BuildAssignment, ClaimRef
from pikoci.internal.worker.claiming import claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.plan.build import run_build
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.log_ids import build_ids
from pikoci.internal.worker.users import Loan
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)


class BuildHandler:
    """Handles messages of the jobs queue, each to the end of its build."""

    def __init__(self, equipment: Equipment, claims: ClaimTable, shipper: SpoolShipper) -> None:
        self._equipment = equipment
        self._claims = claims
        self._shipper = shipper
        self._claim_backoff = equipment.backoff()
        self.report_patience = equipment.settings.report_patience

    def handle(self, delivery: Delivery, loan: Loan) -> None:
        """Claim the build that the message names, run it as the borrowed user, and report it."""
        equipment = self._equipment
        claimed = claim_work(delivery, self._claim, self._claim_backoff, equipment.ending, equipment.clock, "build_id")
        if claimed is None:
            return
        assignment = claimed.assignment
        ref = ClaimRef(id=assignment.build.id, claim=assignment.claim)
        if ref in self._claims or ref in self._shipper.refs():
            return  # the same message twice: claiming is idempotent, running is not
        control = BuildControl(equipment.settings.hook_budget)
        ids = build_ids(assignment)
        reporter = equipment.reporter(ref, control, ids)
        with self._claims.holding(HeldClaim(ref, control, assignment.lease, claimed.expires, reporter.discard, ids)):
            _log.info("build started", **ids)
            last = run_build(equipment, assignment, control, reporter, loan)
            loan.give_back()  # the report may take longer, and nothing runs any more
            if not reporter.finish(last, lambda: self.report_patience):
                self._shipper.add(reporter.spool)  # before the claim is let go: every heartbeat must name it
            outcome = last.status if isinstance(last, BuildFinished) else "returned"
            _log.info("build ended", outcome=outcome, reason=last.reason, **ids)

    def _claim(self, build_id: int) -> BuildAssignment:
        settings = self._equipment.settings
        return self._equipment.gateway.claim_build(build_id, settings.name, settings.instance)
