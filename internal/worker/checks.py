"""What the checks queue brings: checks of resources and announcements, each from the queue's message to its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.domain.gateway import (
    AnnouncementAssignment,
    AnnouncementResult,
    CheckAssignment,
    CheckResult,
    ClaimRef,
)
from pikoci.internal.domain.queues import ANNOUNCEMENT
from pikoci.internal.worker.claiming import Leased, claim_work
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.plan.announcement import send_announcement
from pikoci.internal.worker.plan.check import run_check
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.reporting.sending import RETRIABLE
from pikoci.internal.worker.tools.lifetime import BuildControl, Lifetime
from pikoci.internal.worker.tools.log_ids import LogIds, announcement_ids, check_ids
from pikoci.internal.worker.users import Loan
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)
_SENDING = 120.0  # seconds

Assignment = TypeVar("Assignment", bound=Leased)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind(Generic[Assignment, Result]):
    """One kind of work whose result is one answer. `key` is what log lines call its id, `mark` begins its messages."""

    key: str
    mark: bytes
    claims: ClaimTable
    claim: Callable[[int, str, str], Assignment]
    ref: Callable[[Assignment], ClaimRef]
    ids: Callable[[Assignment], LogIds]
    timeout: Callable[[Assignment], float]
    run: Callable[[Equipment, Assignment, BuildControl, Lifetime, Loan], Result]
    finish: Callable[[int, int, Result], None]


class CheckHandler:
    """Handles messages of the checks queue, each to the end of what it asks for."""

    def __init__(self, equipment: Equipment, checks: ClaimTable, announcements: ClaimTable) -> None:
        self._equipment = equipment
        self._claim_backoff = equipment.backoff()
        gateway = equipment.gateway
        self._check: _Kind[CheckAssignment, CheckResult] = _Kind(
            key="resource_id",
            mark=b"",
            claims=checks,
            claim=gateway.claim_check,
            ref=lambda found: ClaimRef(id=found.resource_id, claim=found.claim),
            ids=check_ids,
            timeout=lambda found: found.timeout,
            run=run_check,
            finish=gateway.finish_check,
        )
        self._announcement: _Kind[AnnouncementAssignment, AnnouncementResult] = _Kind(
            key="announcement_id",
            mark=ANNOUNCEMENT,
            claims=announcements,
            claim=gateway.claim_announcement,
            ref=lambda found: ClaimRef(id=found.announcement_id, claim=found.claim),
            ids=announcement_ids,
            timeout=lambda _: _SENDING,
            run=send_announcement,
            finish=gateway.finish_announcement,
        )

    def handle(self, delivery: Delivery, loan: Loan) -> None:
        """Claim what the message names, run it as the borrowed user, and report it."""
        if delivery.body.startswith(ANNOUNCEMENT):
            self._handle(self._announcement, delivery, loan)
        else:
            self._handle(self._check, delivery, loan)

    def _handle(self, kind: _Kind[Assignment, Result], delivery: Delivery, loan: Loan) -> None:
        equipment, settings = self._equipment, self._equipment.settings
        claimed = claim_work(
            delivery,
            lambda work: kind.claim(work, settings.name, settings.instance),
            self._claim_backoff,
            equipment.ending,
            equipment.clock,
            kind.key,
            kind.mark,
        )
        if claimed is None:
            return
        assignment = claimed.assignment
        ref = kind.ref(assignment)
        if ref in kind.claims:
            return  # the same message twice: claiming is idempotent, running is not
        control = BuildControl(0.0)
        held = HeldClaim(ref, control, assignment.lease, claimed.expires, ids=kind.ids(assignment))
        with kind.claims.holding(held):
            with control.plan.nested(kind.timeout(assignment)) as lifetime:
                result = kind.run(equipment, assignment, control, lifetime, loan)
            loan.give_back()  # the report may take longer, and nothing runs any more
            self._finish(kind, held, result)

    def _finish(self, kind: _Kind[Assignment, Result], held: HeldClaim, result: Result) -> None:
        """Deliver the result for as long as the claim lives; where one is lost, the work is done again."""
        backoff = self._equipment.backoff()
        log, plan = _log.bind(**held.ids), held.control.plan
        while plan.cause is None:
            try:
                kind.finish(held.ref.id, held.ref.claim, result)
            except RETRIABLE as error:
                log.warning("result postponed", error=error.message)
                plan.stopped.wait(backoff.pause(error))
            except PikociError as error:
                log.warning("result refused", error=error.message)
                return
            else:
                return
