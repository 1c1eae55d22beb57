"""Builds: claimed, run and reported."""

from __future__ import annotations

from pathlib import Path

import structlog

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.domain.gateway import BuildAssignment, ClaimRef
from pikoci.internal.worker.claiming import claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.execution.build import run_plan
from pikoci.internal.worker.execution.context import BuildContext
from pikoci.internal.worker.execution.scope import BuildControl
from pikoci.internal.worker.execution.workspace import Workspace
from pikoci.internal.worker.reporting.log_cap import HeadBudget
from pikoci.internal.worker.reporting.reporter import Reporter, ReportLimits
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.secrets import collect_masks
from pikoci.internal.worker.services import WorkerServices
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)


class BuildHandler:
    """Handles messages of the jobs queue, each to the end of its build."""

    def __init__(self, services: WorkerServices, claims: ClaimTable, shipper: SpoolShipper) -> None:
        self._services = services
        self._claims = claims
        self._shipper = shipper
        self._claim_backoff = services.backoff()
        self.report_patience = services.settings.report_patience

    def handle(self, delivery: Delivery) -> None:
        """Claim the build that the message names, run it and report it."""
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
        self._work(assignment, ref, asked + assignment.lease)

    def _work(self, assignment: BuildAssignment, ref: ClaimRef, expires: float) -> None:
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
            last = self._run(assignment, control, reporter, ref)
            if not reporter.finish(last, self.report_patience):
                self._shipper.add(spool)
            log.info(
                "build ended",
                outcome=last.status if isinstance(last, BuildFinished) else "returned",
                reason=last.reason,
            )
        finally:
            control.release()
            self._claims.remove(ref)

    def _run(
        self, assignment: BuildAssignment, control: BuildControl, reporter: Reporter, ref: ClaimRef
    ) -> BuildFinished | BuildReturned:
        services, settings = self._services, self._services.settings
        try:
            with Workspace(build_root(settings.workdir, ref)) as workspace:
                context = BuildContext(
                    assignment=assignment,
                    settings=settings,
                    gateway=services.gateway,
                    reporter=reporter,
                    control=control,
                    workspace=workspace,
                    commands=services.commands(assignment.lease),
                    resource_types=services.resource_types,
                    clock=services.clock,
                    masks=collect_masks(assignment.masks, assignment.resources, assignment.resource_types),
                    head=HeadBudget(services.terms.log_head_limit),
                    tail_limit=services.terms.log_tail_limit,
                )
                return run_plan(context)
        except OSError as error:
            return self._errored(f"the worker {settings.name} cannot use its disk: {error}")
        except Exception as error:  # noqa: BLE001 - whatever a plan brings up, the worker lives on and the build ends
            _log.exception("build failed inside the worker", build=ref.build_id, claim=ref.claim)
            return self._errored(f"an error inside the worker {settings.name}: {type(error).__name__}")

    def _errored(self, reason: str) -> BuildFinished:
        return BuildFinished(status=BuildStatus.ERRORED, at=self._services.clock.now(), reason=reason)


def build_root(workdir: Path, ref: ClaimRef) -> Path:
    """The private directory of a build's claim."""
    return workdir / "builds" / f"{ref.build_id}-{ref.claim}"
