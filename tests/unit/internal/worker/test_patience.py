"""How long a worker leaves a server alone: as long as that asks for, wherever it waits."""

from __future__ import annotations

from pathlib import Path
from random import Random

from pikoci.internal.domain.errors import RateLimitedError, UnavailableError
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.pkg.retry_after import parse_retry_after
from tests.unit.internal.worker.fake_gateway import FakeGateway
from tests.unit.internal.worker.reporting.test_reporter import END

DATE = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


class BusyGateway(FakeGateway):
    """Refuses every report for now, and asks to be left alone."""

    error: RateLimitedError | UnavailableError = UnavailableError("busy", retry_after=7.0)

    def report(self, build_id: int, claim: int, first: int, events: object) -> None:
        self.calls["report"] = self.calls.get("report", 0) + 1
        raise self.error


def spools(root: Path, count: int) -> list[SpoolFile]:
    """So many builds that ended while the server was away."""
    made = [SpoolFile(root, ClaimRef(id=number, claim=1)) for number in range(1, count + 1)]
    ended: list[BuildEvent] = [END]
    for spool in made:
        spool.append(1, ended)
        spool.close()
    return made


def test_one_failed_try_ends_a_round_of_spools(tmp_path: Path) -> None:
    gateway = BusyGateway()
    shipper = SpoolShipper(gateway, Backoff(0.1, 15.0, Random(1)), spools(tmp_path, 50))
    first = shipper.refs()
    assert not shipper.ship_all()
    assert gateway.calls["report"] == 1
    assert shipper.refs() == [*first[1:], first[0]]
    assert not shipper.ship_all()
    assert gateway.calls["report"] == 2
    assert len(list(tmp_path.glob("*.spool"))) == 50


def test_the_next_round_waits_as_long_as_the_server_asks(tmp_path: Path) -> None:
    gateway = BusyGateway()
    shipper = SpoolShipper(gateway, Backoff(0.1, 15.0, Random(1)), spools(tmp_path, 2))
    for error in (UnavailableError("busy", retry_after=7.0), RateLimitedError("too many", retry_after=7.0)):
        gateway.error = error
        shipper.ship_all()
        assert 7.0 <= shipper.pause() <= 10.5
        assert shipper.pause() < 1.0


def test_a_wish_that_was_heard_counts_once() -> None:
    backoff = Backoff(0.1, 15.0, Random(1))
    backoff.heed(UnavailableError("busy", retry_after=7.0))
    backoff.heed(UnavailableError("busy"))
    assert backoff.pause() >= 7.0
    assert backoff.pause(UnavailableError("busy", retry_after=3.0)) >= 3.0
    backoff.heed(UnavailableError("busy", retry_after=7.0))
    backoff.reset()
    assert backoff.pause() <= 0.1


def test_the_wish_is_read_in_both_its_forms() -> None:
    assert parse_retry_after("7") == 7.0
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", lambda: DATE - 12) == 12.0
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", lambda: DATE + 12) == 0.0
    for strange in ("", "soon", "-1", "1.5", "9" * 40, "Wed, 99 Oct", "٣"):
        assert parse_retry_after(strange, lambda: DATE) == 0.0
