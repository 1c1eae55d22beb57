"""Leases, and the messages that claims come from."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import gevent
import pytest
from gevent.event import Event

from pikoci.internal.domain.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.claiming import claim_work, parse_id
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.tools.lifetime import BuildControl, CauseKind
from pikoci.internal.worker.tools.margins import kill_grace, kill_margin, stop_margin
from tests.unit.internal.worker.fake_queue import FakeDelivery, FakeSubscription

REF = ClaimRef(id=1, claim=1)


class ManualClock:
    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def claim(clock: ManualClock) -> HeldClaim:
    return HeldClaim(REF, BuildControl(60), 30.0, clock.time + 30, lambda: None)


@pytest.fixture
def table(clock: ManualClock, claim: HeldClaim) -> ClaimTable:
    table = ClaimTable(clock, margin=8.0)
    table.add(claim)
    return table


def test_a_claim_is_stopped_a_margin_before_its_lease_ends(
    table: ClaimTable, claim: HeldClaim, clock: ManualClock
) -> None:
    assert table.stop_lapsing() == pytest.approx(22)
    clock.time += 21.9
    assert table.stop_lapsing() == pytest.approx(0.1)
    assert claim.control.plan.cause is None
    clock.time += 0.1
    assert table.stop_lapsing() == float("inf")
    assert claim.control.cleanup.cause is not None
    assert claim.control.cleanup.cause.kind is CauseKind.RETURNED


def test_a_renewal_counts_from_when_it_was_sent(table: ClaimTable, clock: ManualClock) -> None:
    sent = clock.time
    clock.time += 10
    table.renew([REF], sent)
    assert table.stop_lapsing() == pytest.approx(12)
    table.renew([REF], clock.time)
    assert table.stop_lapsing() == pytest.approx(22)
    table.renew([REF], sent)
    assert table.stop_lapsing() == pytest.approx(22), "an answer that comes late takes nothing back"


@pytest.mark.parametrize("lease", [0.3, 1.0, 5.0, 30.0, 600.0])
def test_all_is_killed_before_the_lease_ends(lease: float) -> None:
    assert kill_grace(lease, 8.0, 5.0) < stop_margin(lease, 8.0) < lease
    assert kill_grace(lease, 8.0, 5.0) < stop_margin(lease, 8.0) - kill_margin(lease, 8.0)
    assert kill_margin(lease, 8.0) > 0


def test_the_deadline_of_commands_follows_the_lease(table: ClaimTable, claim: HeldClaim, clock: ManualClock) -> None:
    assert claim.control.deadline.at == 100 + 30 - 2
    sent, clock.time = clock.time + 5, clock.time + 7
    table.renew([REF], sent)
    assert claim.control.deadline.at == 105 + 30 - 2
    table.renew([REF], sent - 1)
    assert claim.control.deadline.at == 105 + 30 - 2


def test_a_claim_made_while_the_worker_ends_is_stopped_too(clock: ManualClock, claim: HeldClaim) -> None:
    table = ClaimTable(clock, 8.0)
    table.cancel_all("the end", 1.0)
    table.add(claim)
    assert claim.control.plan.cause is not None
    claim.control.release()


def test_unknown_claims_are_passed_over(table: ClaimTable) -> None:
    other = ClaimRef(id=1, claim=2)
    table.lose(other)
    table.cancel(other, "x")
    table.renew([other], 0)
    table.remove(other)
    assert table.refs() == [REF]


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b"42", 42),
        (b"007", 7),
        (b"", None),
        (b"-1", None),
        (b"1.0", None),
        (b" 1", None),
        (b"9" * 20, None),
        ("٣".encode(), None),
    ],
)
def test_a_message_is_a_number(body: bytes, number: int | None) -> None:
    assert parse_id(body) == number


@dataclass
class Plan:
    """The answer to a claim."""

    name: str
    lease: float = 30.0


class Server:
    """Answers claims as told, one after the other."""

    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)

    def claim(self, _: int) -> Plan:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Plan(answer)


def ask(*answers: Exception | str) -> tuple[str | None, FakeSubscription]:
    queue = FakeSubscription()
    backoff, clock = Backoff(0.001, 0.002, Random(1)), ManualClock()
    got = claim_work(FakeDelivery(queue, b"1"), Server(*answers).claim, backoff, Event(), clock, "build_id")
    return got.assignment.name if got else None, queue


def test_a_lease_counts_from_when_the_last_claim_was_sent() -> None:
    clock = ManualClock()

    def claim(_: int) -> Plan:
        clock.time += 10.0  # so long the server takes
        if clock.time < start + 15:
            raise UnavailableError("?")
        return Plan("plan")

    start = clock.time
    got = claim_work(
        FakeDelivery(FakeSubscription(), b"1"), claim, Backoff(0.001, 0.002, Random(1)), Event(), clock, "build_id"
    )
    assert got is not None
    assert got.expires == start + 10.0 + 30.0


@pytest.mark.parametrize("answer", ["plan", ConflictError("taken"), NotFoundError("gone")])
def test_an_answered_claim_acknowledges_whatever_it_was(answer: Exception | str) -> None:
    got, queue = ask(answer)
    assert queue.acknowledged == [b"1"]
    assert got == (answer if isinstance(answer, str) else None)


def test_a_claim_without_an_answer_is_asked_again() -> None:
    got, queue = ask(UnavailableError("?"), UnavailableError("?"), "plan")
    assert got == "plan"
    assert queue.acknowledged == [b"1"]


@pytest.mark.parametrize("error", [UnavailableError("?"), UnauthenticatedError("old token")])
def test_a_claim_that_is_never_answered_gives_the_message_back(error: Exception) -> None:
    got, queue = ask(error, error, error)
    assert got is None
    assert queue.rejected == [b"1"]
    assert queue.acknowledged == []


def test_work_of_another_team_costs_neither_slot_nor_pause() -> None:
    queue, ending = FakeSubscription(), Event()
    server, backoff = Server(PermissionDeniedError("not yours")), Backoff(600.0, 600.0, Random(1))
    with gevent.Timeout(1, AssertionError("the slot was held")):
        assert claim_work(FakeDelivery(queue, b"1"), server.claim, backoff, ending, ManualClock(), "build_id") is None
    assert (queue.acknowledged, queue.rejected) == ([b"1"], [])


def test_pauses_grow_and_are_never_in_step() -> None:
    backoff = Backoff(1.0, 8.0, Random(1))
    pauses = [backoff.pause() for _ in range(6)]
    assert all(low / 2 <= pause <= low for pause, low in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True))
    backoff.reset()
    assert backoff.pause() <= 1.0
