"""The stream of events of one claim, against a server and a disk of every mood."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import gevent
import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.events import BuildEvent, BuildFinished, StepStarted
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.reporter import Reporter
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.reporting.spool import SpoolFile, find_spools
from pikoci.internal.worker.reporting.stream import ReportLimits
from tests.unit.internal.worker.bench_room import assignment_of, wait_until
from tests.unit.internal.worker.fake_gateway import FakeGateway, Record

REF = ClaimRef(id=1, claim=1)
END = BuildFinished(status=BuildStatus.SUCCEEDED, at=2.0)


class MoodyDisk(SpoolFile):
    """A spool on a disk that is full at times."""

    full = False

    def append(self, first: int, events: list[BuildEvent]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().append(first, events)


class FragileDisk:
    """What a spool would be after a crash of the machine: no more than was there at the last sync."""

    def __init__(self, root: Path) -> None:
        self._path = root / "1-1.spool"
        self._safe = 0
        self.syncs = 0

    def sync(self, descriptor: int) -> None:
        self._safe = os.fstat(descriptor).st_size
        self.syncs += 1

    def crash(self) -> None:
        os.truncate(self._path, self._safe)


class Stream:
    """A reporter with all that is around it."""

    def __init__(self, root: Path, interval: float = 0.02, buffer_limit: int = 100_000) -> None:
        self.gateway = FakeGateway()
        self.record: Record = self.gateway.add_build(assignment_of(1, []))
        self.record.claim = 1
        self.disk = FragileDisk(root)
        self.spool = MoodyDisk(root, REF, self.disk.sync)
        self.refused = 0
        limits = ReportLimits(flush_interval=interval, flush_bytes=10_000, buffer_limit=buffer_limit)
        self.reporter = Reporter(self.gateway, self.spool, SystemClock(), self.backoff(), self.refuse, limits)

    def backoff(self) -> Backoff:
        return Backoff(0.002, 0.01, Random(1))

    def refuse(self) -> None:
        self.refused += 1


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return Stream(tmp_path)


def start(step: str = "1") -> StepStarted:
    return StepStarted(step=step, name="n", kind="task", at=1.0)


def test_a_stream_that_ends_soon_is_one_report(tmp_path: Path) -> None:
    stream = Stream(tmp_path, interval=5.0)
    stream.reporter.emit(start())
    stream.reporter.log("1", b"a")
    stream.reporter.log("1", b"b")
    assert stream.reporter.finish(END, lambda: 1.0)
    assert stream.gateway.calls == {"report": 1}
    assert len(stream.record.events) == 3
    assert stream.record.log() == b"ab"


def test_a_stream_that_goes_on_is_flushed_after_the_interval(stream: Stream) -> None:
    stream.reporter.emit(start())
    wait_until(lambda: stream.record.started() == ["1"])
    stream.reporter.log("1", b"x")
    wait_until(lambda: stream.record.log() == b"x")


def test_enough_bytes_are_sent_at_once(tmp_path: Path) -> None:
    stream = Stream(tmp_path, interval=60.0)
    stream.reporter.log("1", b"x" * 9_000)
    gevent.sleep(0)
    assert not stream.gateway.calls
    stream.reporter.log("1", b"x" * 2_000)
    wait_until(lambda: len(stream.record.log()) == 11_000)


def test_events_stay_in_order_between_chunks(stream: Stream) -> None:
    for step in ("1", "2"):
        stream.reporter.emit(start(step))
        stream.reporter.log(step, b"a" + step.encode())
        stream.reporter.log(step, b"b")
    stream.reporter.finish(END, lambda: 1.0)
    assert [type(event).__name__ for event in stream.record.events] == [
        "StepStarted",
        "LogWritten",
        "StepStarted",
        "LogWritten",
        "BuildFinished",
    ]


def test_no_event_is_larger_than_a_mebibyte(tmp_path: Path) -> None:
    stream = Stream(tmp_path, buffer_limit=10_000_000)
    stream.reporter.log("1", b"x" * 3_000_000)
    assert stream.reporter.finish(END, lambda: 5.0)
    sizes = [len(event.data) for event in stream.record.events if hasattr(event, "data")]
    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 1024 * 1024


def test_a_writer_waits_while_too_much_is_undelivered(tmp_path: Path) -> None:
    stream = Stream(tmp_path, buffer_limit=20_000)
    stream.spool.full = stream.gateway.away = True
    stream.reporter.log("1", b"x" * 20_000)
    writer = gevent.spawn(stream.reporter.log, "1", b"y")
    gevent.sleep(0.03)
    assert not writer.ready()
    stream.gateway.away = False
    writer.join(timeout=1)
    assert writer.ready()
    assert stream.reporter.finish(END, lambda: 1.0)
    assert stream.record.log() == b"x" * 20_000 + b"y"


def test_a_writer_in_a_hurry_drops_with_a_notice(tmp_path: Path) -> None:
    stream = Stream(tmp_path, buffer_limit=20_000)
    stream.spool.full = stream.gateway.away = True
    stream.reporter.log("1", b"x" * 20_000)
    writer = gevent.spawn(stream.reporter.log, "1", b"y" * 100)
    gevent.sleep(0)
    stream.reporter.hurry()
    writer.join(timeout=1)
    assert writer.ready()
    stream.gateway.away = False
    assert stream.reporter.finish(END, lambda: 1.0)
    assert b"100 bytes left out" in stream.record.log("")


def test_a_refused_stream_is_forgotten(stream: Stream, tmp_path: Path) -> None:
    stream.record.claim = 2
    stream.reporter.emit(start())
    wait_until(lambda: stream.refused)
    stream.reporter.log("1", b"x")
    assert stream.reporter.finish(END, lambda: 1.0)
    assert stream.refused == 1
    assert stream.record.events == []
    assert not list(tmp_path.iterdir())


def test_what_is_discarded_is_never_sent(stream: Stream) -> None:
    stream.reporter.emit(start())
    stream.reporter.discard()
    assert stream.reporter.finish(END, lambda: 1.0)
    gevent.sleep(0.03)
    assert not stream.gateway.calls


def test_an_undelivered_end_is_left_in_the_spool(stream: Stream) -> None:
    stream.gateway.away = True
    stream.reporter.log("1", b"x")
    assert not stream.reporter.finish(END, lambda: 0.05)
    stream.gateway.away = False
    shipper = SpoolShipper(stream.gateway, stream.backoff(), [stream.spool])
    assert shipper.ship_all()
    assert stream.record.log() == b"x"
    assert stream.record.ended


def shipped_after_a_crash(stream: Stream, root: Path) -> Record:
    assert stream.reporter._sender is not None
    stream.reporter._sender.kill()  # what was on its way is gone, too
    stream.spool.close()
    stream.disk.crash()
    stream.gateway.away = False
    assert SpoolShipper(stream.gateway, stream.backoff(), find_spools(root)).ship_all()
    return stream.record


def test_an_end_that_is_handed_over_outlives_the_machine(stream: Stream, tmp_path: Path) -> None:
    stream.gateway.away = True
    stream.reporter.log("1", b"x")
    wait_until(lambda: stream.disk.syncs)  # the spool was begun long ago: what is added since is another matter
    stream.reporter.log("1", b"y")
    assert not stream.reporter.finish(END, lambda: 0.05)
    record = shipped_after_a_crash(stream, tmp_path)
    assert record.log() == b"xy"
    assert record.ended


def test_an_end_that_finds_no_patience_outlives_the_machine(stream: Stream, tmp_path: Path) -> None:
    stream.gateway.away = True
    assert not stream.reporter.finish(END, lambda: 0.0)
    assert shipped_after_a_crash(stream, tmp_path).ended


def test_a_spool_that_was_begun_outlives_the_machine(stream: Stream, tmp_path: Path) -> None:
    stream.gateway.away = True
    stream.reporter.log("1", b"x")
    wait_until(lambda: stream.disk.syncs)
    stream.reporter.hurry()
    stream.spool.full = True  # as for a machine that is gone: nothing is written any more
    assert shipped_after_a_crash(stream, tmp_path).log() == b"x"


def test_what_is_discarded_while_it_is_sent_leaves_no_spool(
    stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        stream.reporter.discard()  # a heartbeat's answer says so, before this one's does
        raise UnavailableError("away")

    monkeypatch.setattr(stream.gateway, "report", lost)
    stream.reporter.emit(start())
    assert stream.reporter.finish(END, lambda: 1.0)
    assert not list(tmp_path.iterdir())


def test_with_neither_server_nor_disk_the_end_waits_for_one(stream: Stream) -> None:
    stream.gateway.away = stream.spool.full = True
    ended = gevent.spawn(stream.reporter.finish, END, lambda: 0.01)
    gevent.sleep(0.05)
    assert not ended.dead
    stream.gateway.away = False
    assert ended.get(timeout=1)
    assert stream.record.ended


def test_with_neither_and_a_hurry_the_end_is_given_up(stream: Stream) -> None:
    stream.gateway.away = stream.spool.full = True
    stream.reporter.hurry()
    assert stream.reporter.finish(END, lambda: 0.01)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_changed_whatever_server_and_disk_do(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    stream = Stream(tmp_path, interval=0.001, buffer_limit=4_000)
    stream.gateway.lose_answers = random.randint(0, 3)

    def change_moods() -> None:
        while True:
            stream.gateway.away = random.random() < 0.6
            stream.spool.full = random.random() < 0.4
            gevent.sleep(random.uniform(0.0, 0.004))

    moods = gevent.spawn(change_moods)
    wanted = {"0": b"", "1": b""}
    for number in range(120):
        data = b"%d," % number * random.randint(1, 100)
        wanted[str(number % 2)] += data
        stream.reporter.log(str(number % 2), data)
        if random.random() < 0.2:
            gevent.sleep(random.uniform(0.0, 0.003))
    delivered = stream.reporter.finish(END, lambda: 0.01)
    moods.kill()
    stream.gateway.away = False
    if not delivered:
        wait_until(SpoolShipper(stream.gateway, stream.backoff(), [stream.spool]).ship_all)
    assert {step: stream.record.log(step) for step in wanted} == wanted
    assert stream.record.ended
    assert not list(tmp_path.iterdir())
