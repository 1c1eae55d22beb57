"""Builds: claimed, run and reported."""

from __future__ import annotations

import structlog

from pikoci.internal.domain.events import BuildFinished
from pikoci.internal.domain.gateway import BuildAssignment, ClaimRef
from pikoci.internal.worker.claiming import claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.plan.running import run_build
from pikoci.internal.worker.reporting.reporter import Reporter, ReportLimits
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.tools.scope import BuildControl
from pikoci.internal.worker.users import Loan
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)


class BuildHandler:
    """Handles messages of the jobs queue, each to the end of its build."""

    def __init__(self, services: Equipment, claims: ClaimTable, shipper: SpoolShipper) -> None:
        self._services = services
        self._claims = claims
        self._shipper = shipper
        self._claim_backoff = services.backoff()
        self.report_patience = services.settings.report_patience

    def handle(self, delivery: Delivery, loan: Loan) -> None:
        """Claim the build that the message names, run it as the borrowed user, and report it."""
        services = self._services
        asked = services.clock.monotonic()

        def claim(build_id: int) -> BuildAssignment:
            nonlocal asked
            asked = services.clock.monotonic()
            return services.gateway.claim_build(build_id, services.settings.name, services.settings.instance)

        assignment = claim_work(delivery, claim, self._claim_backoff, services.ending)
        if assignment is None:
            return
        ref = ClaimRef(build_id=assignment.build.id, claim=assignment.claim)
        if ref in self._claims or ref in self._shipper.refs():
            return  # the same message twice: claiming is idempotent, running is not
        self._work(assignment, ref, asked + assignment.lease, loan)

    def _work(self, assignment: BuildAssignment, ref: ClaimRef, expires: float, loan: Loan) -> None:
        services, settings = self._services, self._services.settings
        control = BuildControl(settings.hook_budget)
        spool = SpoolFile(settings.spool_dir, ref)
        limits = ReportLimits(settings.flush_interval, settings.flush_bytes, settings.buffer_limit)

        def refused() -> None:
            control.abandon("the server refused the report of this claim")

        reporter = Reporter(services.gateway, spool, services.clock, services.backoff(), refused, limits)
        control.plan.on_stop(reporter.hurry)
        self._claims.add(HeldClaim(ref, control, assignment.lease, expires, reporter.discard))
        log = _log.bind(build=ref.build_id, claim=ref.claim, job=assignment.job.name)
        log.info("build started")
        try:
            last = run_build(services, assignment, control, reporter, loan)
            loan.give_back()  # the report may take longer, and nothing runs any more
            if not reporter.finish(last, lambda: self.report_patience):
                self._shipper.add(spool)
            log.info(
                "build ended",
                outcome=last.status if isinstance(last, BuildFinished) else "returned",
                reason=last.reason,
            )
        finally:
            control.release()
            self._claims.remove(ref)
