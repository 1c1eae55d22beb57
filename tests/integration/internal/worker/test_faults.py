"""Full disks, vanished directories, daemons, endless lines, servers that are away: the build ends, the worker lives."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.events import LogWritten
from pikoci.internal.domain.gateway import ClaimRef, WorkerTerms
from pikoci.internal.worker.reporting.spool import SpoolFile
from tests.unit.internal.worker.bench_room import Room, assignment_of, task, wait_until, worker_room
from tests.unit.internal.worker.fake_gateway import FakeGateway


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_full_disk_ends_the_build_and_not_the_worker(small_disk: Path) -> None:
    with worker_room(small_disk) as room:
        record = room.run_job(task("head -c 5000000 /dev/zero > big || echo full"))
        assert b"full" in record.log()
        assert record.end.status == "succeeded"
        wait_until(lambda: not any((small_disk / "work" / "removed").iterdir()))  # else it frees space later
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    continue
        record = room.run_job(task("true"))
        assert record.end.status == "errored"
        assert "cannot use its disk" in record.end.reason
        filler.unlink()
        assert room.run_job(task("true")).end.status == "succeeded"


def test_with_server_and_disk_both_away_nothing_is_lost(small_disk: Path) -> None:
    gateway = FakeGateway()
    with worker_room(small_disk, gateway, buffer_limit=300_000) as room:
        record = room.submit(task("echo up; seq 1 1000000; echo end"))
        wait_until(lambda: b"up" in record.log())
        gateway.away = True
        wait_until(lambda: gateway.calls["report"] > 5)
        time_spent = time.monotonic()
        wait_until(lambda: time.monotonic() - time_spent > 0.3)
        gateway.away = False
        wait_until(lambda: record.ended)
        assert record.log() == b"up\n" + b"".join(b"%d\n" % n for n in range(1, 1000001)) + b"end\n"


def test_a_deleted_work_directory_is_named(room: Room) -> None:
    record = room.run_job(task('rm -rf "$WORKDIR"'), task("true", id="2"))
    assert record.end.status == "failed"
    assert "the work directory is gone" in record.end.reason
    record = room.run_job(task('rm -rf "${WORKDIR%/work}"'), task("true", id="2"))
    assert record.end.status == "failed"
    assert "the work directory is gone" in record.end.reason
    assert room.run_job(task("true")).end.status == "succeeded"


def test_daemons_do_not_hold_up_a_step_or_outlive_it(room: Room, tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    began = time.monotonic()
    record = room.run_job(
        task(f"(setsid sh -c 'echo $$ > {pids}; exec sleep 60' &); while ! test -s {pids}; do :; done")
    )
    assert time.monotonic() - began < 5
    assert record.end.status == "succeeded"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)


def test_output_without_a_newline_is_flushed(room: Room) -> None:
    record = room.submit(task("for i in 1 2 3 4 5 6 7 8; do printf .; sleep 0.1; done; sleep 60"))
    wait_until(lambda: len(record.log()) >= 2)
    assert len(record.log()) < 8
    wait_until(lambda: record.log() == b"." * 8)


def test_invalid_utf8_survives(room: Room) -> None:
    record = room.run_job(task(r"printf '\377\376\000ok\303'"), masks=["secret"])
    assert record.log() == b"\xff\xfe\x00ok\xc3"


def test_secrets_are_masked_in_log_and_reason(room: Room) -> None:
    export = "echo hunter2=x > $PIKOCI_OUTPUT; echo 'a hunter2' >> $PIKOCI_OUTPUT"
    export = "echo hunter2=x > $PIKOCI_OUTPUT; echo 'a hunter2' >> $PIKOCI_OUTPUT"
    record = room.run_job(task(f"printf 'my hun'; sleep 0.15; printf 'ter2 pass'; {export}"), masks=["hunter2"])
    shown = b"my *** pass\nline 2 of $PIKOCI_OUTPUT is not KEY=VALUE, and passed over: 'a ***'\n"
    assert record.log() == shown
    record = room.run_job(task("true", outputs=["hunter2"]), masks=["hunter2"])
    assert "***" in record.end.reason
    assert "hunter2" not in str(record.events)


def test_a_log_beyond_its_cap_keeps_head_and_tail(tmp_path: Path) -> None:
    gateway = FakeGateway(WorkerTerms(log_head_limit=1000, log_tail_limit=100))
    with worker_room(tmp_path, gateway) as room:
        record = room.run_job(task("head -c 5000 /dev/zero | tr '\\0' a; printf END"), task("echo more", id="2"))
        head, notice, tail = record.log("1").partition("\n… 3903 bytes left out …\n".encode())
        assert head == b"a" * 1000
        assert notice
        assert tail == b"a" * 97 + b"END"
        assert record.log("2") == b"more\n"


def test_an_outage_loses_nothing_and_keeps_the_order(room: Room) -> None:
    record = room.submit(task("for i in $(seq 1 60); do echo $i; sleep 0.02; done"))
    wait_until(lambda: b"5\n" in record.log())
    room.gateway.away = True
    calls = room.gateway.calls["report"]
    wait_until(lambda: room.gateway.calls["report"] > calls + 2)
    room.gateway.away = False
    wait_until(lambda: record.ended)
    assert record.log() == b"".join(b"%d\n" % n for n in range(1, 61))
    assert record.end.status == "succeeded"


def test_lost_answers_change_nothing(room: Room) -> None:
    room.gateway.lose_answers = 3
    record = room.run_job(task("echo a; sleep 0.3; echo b"))
    assert record.log() == b"a\nb\n"


def test_a_build_that_ends_in_an_outage_is_delivered_later(room: Room) -> None:
    record = room.submit(task("echo up; sleep 0.3; echo down"))
    wait_until(lambda: b"up" in record.log())
    room.gateway.away = True
    wait_until(lambda: room.worker.health().undelivered == 1)
    wait_until(lambda: not room.worker.health().builds)
    room.gateway.away = False
    wait_until(lambda: record.ended)
    assert record.log() == b"up\ndown\n"
    wait_until(lambda: not room.worker.health().undelivered)


def test_the_next_run_of_a_worker_delivers_the_spool(tmp_path: Path) -> None:
    gateway = FakeGateway()
    with worker_room(tmp_path, gateway) as room:
        record = room.submit(task("echo up; sleep 0.3; echo down"))
        wait_until(lambda: b"up" in record.log())
        gateway.away = True
        wait_until(lambda: room.worker.health().undelivered == 1)
        room.worker.cancel_all("going away")
        room.greenlet.join(timeout=30)
        assert list((tmp_path / "spool").glob("*.spool"))
    gateway.away = False
    registered: list[int] = []
    gateway.on_report = lambda _: registered.append(len(gateway.hellos))
    with worker_room(tmp_path, gateway):
        wait_until(lambda: record.ended)
        assert record.end.status == "succeeded"
        assert record.log() == b"up\ndown\n"
        assert registered == [1], "the spool must be delivered before registering gives up old claims"
    assert not list((tmp_path / "spool").glob("*.spool"))


def test_the_same_message_twice_is_one_build(room: Room) -> None:
    record = room.submit(task("echo up; sleep 0.2"))
    room.jobs.put(b"1")
    wait_until(lambda: record.ended and len(room.jobs.acknowledged) == 2)
    assert record.started() == ["1"]


def test_unreadable_messages_are_set_aside(room: Room) -> None:
    for body in (b"", b"x", b"-1", b"9" * 40, b"\xff"):
        room.jobs.put(body)
    wait_until(lambda: len(room.jobs.acknowledged) == 5)
    assert "claim_build" not in room.gateway.calls


def test_a_claim_without_an_answer_returns_the_message(room: Room) -> None:
    wait_until(lambda: room.worker.health().registered)
    room.gateway.away = True
    record = room.submit(task("true"))
    wait_until(lambda: room.jobs.rejected)
    room.gateway.away = False
    wait_until(lambda: record.ended)
    assert room.jobs.acknowledged == [b"1"]


def test_a_build_of_somebody_else_is_forgotten(room: Room) -> None:
    room.jobs.put(b"77")
    wait_until(lambda: room.jobs.acknowledged == [b"77"])
    assert room.jobs.rejected == []


def test_a_second_worker_in_the_same_directory_is_refused(room: Room, tmp_path: Path) -> None:
    wait_until(lambda: room.worker.health().registered)
    second = Room(tmp_path)
    with pytest.raises(Exception, match="another worker uses"):
        second.greenlet.get(timeout=30)


def test_leftovers_of_an_earlier_run_are_removed(tmp_path: Path) -> None:
    """Also what that run had put aside and not removed yet."""
    left = [tmp_path / "work" / name / "9-9" / "work" for name in ("builds", "checks", "removed")]
    for directory in left:
        directory.mkdir(parents=True)
    with worker_room(tmp_path) as room:
        wait_until(lambda: room.worker.health().registered)
        assert [directory for directory in left if directory.exists()] == []


def test_an_error_inside_the_worker_ends_the_build(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise UnavailableError("inside")

    monkeypatch.setattr("pikoci.internal.worker.plan.build.run_plan", broken)
    record = room.run_job(task("true"))
    assert record.end.status == "errored"
    assert "UnavailableError" in record.end.reason


def test_a_large_log_streams_in_bounded_memory(room: Room) -> None:
    room.gateway.report_keeps_log = False
    record = room.run_job(task("head -c 50000000 /dev/zero"), seconds=30, masks=["s3cret"])
    assert room.gateway.log_bytes == 50_000_000
    assert record.end.status == "succeeded"


def test_the_log_of_a_build_that_a_crash_ended_is_delivered_before_it_is_given_up(tmp_path: Path) -> None:
    gateway = FakeGateway()
    record = gateway.add_build(assignment_of(1, []))
    record.claim = 1
    (tmp_path / "spool").mkdir()
    for number in (1, 2):
        spool = SpoolFile(tmp_path / "spool", ClaimRef(id=1, claim=number))
        spool.append(1, [LogWritten(step="1", at=1.0, data=b"half a l")])
        spool.close()
    with (tmp_path / "spool" / "1-1.spool").open("ab") as file:
        file.write(b"\0\0\1\0cut short")
    with worker_room(tmp_path, gateway) as room:
        wait_until(lambda: room.worker.health().registered)
        assert record.log() == b"half a l"
        assert not list((tmp_path / "spool").glob("*.spool")), "also the one of a stale claim is gone"
