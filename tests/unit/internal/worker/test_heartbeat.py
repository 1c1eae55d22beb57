"""What a worker makes of the answers to its heartbeats."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pikoci.internal.domain.errors import ConflictError, NotFoundError, PikociError, UnauthenticatedError
from pikoci.internal.domain.gateway import ClaimRef, Heartbeat, HeartbeatReply
from pikoci.internal.worker.claims import ClaimTable, HeldClaim
from pikoci.internal.worker.heartbeat import ServerLink
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.tools.lifetime import BuildControl
from tests.unit.internal.worker.test_claims import ManualClock

#: A build, a resource and an announcement can have the same id, and their claims the same number.
REF = ClaimRef(id=1, claim=1)


class Server:
    """Answers heartbeats as it is told."""

    def __init__(self) -> None:
        self.reply: HeartbeatReply | PikociError = HeartbeatReply()
        self.registered = 0
        self.refuses = False
        self.displaced: list[ConflictError] = []

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        assert (beat.builds, beat.checks, beat.announcements) == ([REF], [REF], [REF])
        if isinstance(self.reply, PikociError):
            raise self.reply
        return self.reply

    def register(self) -> None:
        self.registered += 1
        if self.refuses:
            raise UnauthenticatedError("the token is not valid here")


class Rig:
    """A link that holds a build, a check and an announcement."""

    def __init__(self) -> None:
        self.server = Server()
        clock = ManualClock()
        self.tables = ClaimTable(clock, margin=8.0), ClaimTable(clock, margin=8.0), ClaimTable(clock, margin=8.0)
        self.controls = BuildControl(60), BuildControl(60), BuildControl(60)
        for table, control in zip(self.tables, self.controls, strict=True):
            table.add(HeldClaim(REF, control, 30.0, clock.time + 30, lambda: None))
        equipment = SimpleNamespace(
            gateway=self.server, clock=clock, settings=SimpleNamespace(name="w", instance="i"), terms=None
        )
        shipper = SimpleNamespace(refs=list, forget=lambda ref: ref)
        self.link = ServerLink(
            cast("Equipment", equipment),
            *self.tables,
            cast("SpoolShipper", shipper),
            lambda: "running",
            lambda command: None,
            self.server.register,
            self.server.displaced.append,
        )

    def stopped(self) -> list[str]:
        kinds = zip(("build", "check", "announcement"), self.controls, strict=True)
        return [kind for kind, control in kinds if control.cleanup.cause is not None]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("reply", "stopped"),
    [
        (HeartbeatReply(), []),
        (HeartbeatReply(lost=[REF]), ["build"]),
        (HeartbeatReply(lost_checks=[REF]), ["check"]),
        (HeartbeatReply(lost_announcements=[REF]), ["announcement"]),
    ],
)
def test_only_what_is_lost_is_stopped(rig: Rig, reply: HeartbeatReply, stopped: list[str]) -> None:
    rig.server.reply = reply
    assert rig.link.beat()
    assert rig.stopped() == stopped


def test_a_worker_that_the_server_forgot_registers_again(rig: Rig) -> None:
    rig.server.reply = NotFoundError("worker w is not registered")
    assert not rig.link.beat()
    assert rig.server.registered == 1


def test_a_registration_that_is_refused_does_not_stop_the_heart(rig: Rig) -> None:
    rig.server.reply = NotFoundError("worker w is not registered")
    rig.server.refuses = True
    assert not rig.link.beat()
    assert not rig.link.beat()
    assert rig.server.registered == 2


def test_a_displaced_worker_keeps_its_hands_off(rig: Rig) -> None:
    rig.server.reply = ConflictError("another process registered as worker w")
    assert not rig.link.beat()
    assert rig.server.registered == 0
    assert rig.server.displaced == [rig.server.reply]
