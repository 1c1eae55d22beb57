"""Stopping builds: by people, by signals, by a lost claim, in every phase."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pikoci.internal.domain.events import BuildReturned
from pikoci.internal.domain.gateway import ClaimRef, WorkerCommand, WorkerTerms
from pikoci.internal.domain.plan import Hook, Hooks
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room
from tests.unit.internal.worker.fake_gateway import FakeGateway

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann")


def alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def hook(kind: str, script: str) -> Hooks:
    return Hooks(**{kind: [Hook(id=f"{kind}/1", command=sh(script))]})


def test_cancelling_kills_the_whole_family(room: Room, tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    record = room.submit(task(f"(setsid sh -c 'echo $$ > {pids}; exec sleep 60' &) ; sleep 60"), task("true", id="2"))
    wait_until(lambda: pids.exists() and pids.read_text())
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert record.end.reason == "cancelled by ann"
    assert record.steps() == {"1": "cancelled", "2": "skipped"}
    assert not alive(pids)


def test_a_process_that_ignores_the_signal_is_killed_after_the_grace(room: Room) -> None:
    record = room.submit(task("trap '' TERM; echo up; while true; do sleep 0.05; done"))
    wait_until(lambda: b"up" in record.log())
    began = time.monotonic()
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert room.settings.kill_grace <= time.monotonic() - began < 8


def test_the_heartbeat_brings_commands_too_and_again(room: Room) -> None:
    record = room.submit(task("echo up; sleep 60", hooks=hook("on_cancel", "sleep 0.3; echo cleaned")))
    wait_until(lambda: b"up" in record.log())
    room.gateway.wanted.append(CANCEL)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert record.log("on_cancel/1") == b"cleaned\n"


@pytest.mark.parametrize("kind", ["on_cancel", "ensure"])
def test_clean_up_hooks_run_after_a_cancellation(room: Room, kind: str) -> None:
    record = room.submit(task("echo up; sleep 60", hooks=hook(kind, "echo step")), hooks=hook(f"{kind}", "echo job"))
    wait_until(lambda: b"up" in record.log())
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.log(f"{kind}/1") == b"step\njob\n"


def test_a_hook_of_what_runs_is_cancelled_with_it(room: Room) -> None:
    record = room.submit(task("true", hooks=hook("on_success", "echo up; sleep 60")), hooks=hook("ensure", "echo end"))
    wait_until(lambda: b"up" in record.log())
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert record.steps() == {"1": "succeeded", "on_success/1": "cancelled", "ensure/1": "succeeded"}


def test_a_clean_up_hook_survives_a_cancellation(room: Room) -> None:
    record = room.submit(task("true", hooks=hook("ensure", "echo up; sleep 0.3; echo done")))
    wait_until(lambda: b"up" in record.log())
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.log("ensure/1") == b"up\ndone\n"
    assert record.end.status == "cancelled"


def test_hooks_after_a_cancellation_are_bounded(tmp_path: Path) -> None:
    with worker_room(tmp_path, hook_budget=0.3) as room:
        record = room.submit(task("echo up; sleep 60", hooks=hook("on_cancel", "sleep 60")))
        wait_until(lambda: b"up" in record.log())
        room.gateway.pushed.put(CANCEL)
        wait_until(lambda: record.ended)
        assert record.reason("on_cancel/1") == "the hooks timed out after 300ms"


def test_attempts_end_with_a_cancellation(room: Room) -> None:
    record = room.submit(task("echo up; sleep 60", attempts=3))
    wait_until(lambda: b"up" in record.log())
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.started() == ["1"]


def test_a_lost_claim_is_killed_without_hooks_and_forgotten(room: Room, tmp_path: Path) -> None:
    pids, hooked = tmp_path / "pid", tmp_path / "hooked"
    record = room.submit(task(f"echo $$ > {pids}; sleep 60", hooks=hook("ensure", f"touch {hooked}")))
    wait_until(lambda: pids.exists() and pids.read_text())
    room.gateway.lost.append(ClaimRef(id=1, claim=1))
    wait_until(lambda: not room.worker.health().builds)
    assert not alive(pids)
    assert not hooked.exists()
    assert not record.ended


def test_a_stale_report_kills_what_runs(room: Room, tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    record = room.submit(task(f"echo $$ > {pids}; while sleep 0.02; do echo x; done"))
    wait_until(lambda: b"x" in record.log())
    record.claim = 2
    wait_until(lambda: not room.worker.health().builds)
    assert not alive(pids)


def test_everything_is_dead_before_an_unrenewed_lease_ends(tmp_path: Path) -> None:
    gateway = FakeGateway(WorkerTerms(heartbeat_interval=0.1, lease=4.0))
    pids = tmp_path / "pid"
    with worker_room(tmp_path, gateway, kill_grace=0.3) as room:
        script = f"trap '' TERM; echo $$ > {pids}; while true; do sleep 0.05; done"
        record = room.submit(task(script, hooks=hook("ensure", "true")), lease=4.0)
        wait_until(lambda: pids.exists() and pids.read_text())
        gateway.away = True
        last_renewal = time.monotonic()
        wait_until(lambda: not alive(pids))
        assert time.monotonic() - last_renewal < 4.0
        gateway.away = False
        wait_until(lambda: isinstance(record.last, BuildReturned))
        assert record.started() == ["1"]


def test_leases_are_renewed(tmp_path: Path) -> None:
    gateway = FakeGateway(WorkerTerms(heartbeat_interval=0.1, lease=1.5))
    with worker_room(tmp_path, gateway) as room:
        record = room.run_job(task("sleep 2; echo done"), lease=1.5)
        assert record.log() == b"done\n"


def test_draining_finishes_what_runs_and_takes_nothing_new(room: Room) -> None:
    record = room.submit(task("echo up; sleep 0.4; echo done"))
    wait_until(lambda: b"up" in record.log())
    room.worker.drain(10)
    late = room.submit(task("true"))
    room.greenlet.join(timeout=30)
    assert room.greenlet.successful()
    assert record.end.status == "succeeded"
    assert late.events == []
    assert {beat.state for beat in room.gateway.beats} >= {"running", "draining"}


def test_a_drain_out_of_time_gives_builds_back(room: Room) -> None:
    record = room.submit(task("echo up; sleep 60", hooks=hook("on_cancel", "echo hook")))
    wait_until(lambda: b"up" in record.log())
    room.worker.drain(0.1)
    room.greenlet.join(timeout=30)
    assert isinstance(record.last, BuildReturned)
    assert record.last.reason == "the worker w1 was drained and its time ran out"
    assert b"hook" not in record.log()


def test_cancelling_all_ends_within_seconds_with_hooks(room: Room) -> None:
    record = room.submit(task("trap '' TERM; echo up; while true; do sleep 0.05; done", hooks=hook("ensure", "echo x")))
    wait_until(lambda: b"up" in record.log())
    began = time.monotonic()
    room.worker.cancel_all("the worker w1 got SIGTERM")
    room.greenlet.join(timeout=30)
    assert time.monotonic() - began < 8
    assert (record.end.status, record.end.reason) == ("cancelled", "the worker w1 got SIGTERM")
    assert record.log("ensure/1") == b"x\n"


def test_cancelling_all_bounds_hooks(room: Room) -> None:
    record = room.submit(
        task("echo up; sleep 60", hooks=hook("ensure", "trap '' TERM; while true; do sleep 0.1; done"))
    )
    wait_until(lambda: b"up" in record.log())
    began = time.monotonic()
    room.worker.cancel_all("stop")
    room.greenlet.join(timeout=30)
    assert time.monotonic() - began < 8
    assert record.end.status == "cancelled"


def test_a_cordoned_worker_takes_nothing_until_it_is_uncordoned(room: Room) -> None:
    wait_until(lambda: room.worker.health().last_poll["jobs"])
    room.gateway.pushed.put(WorkerCommand(kind="cordon"))
    wait_until(lambda: room.worker.health().state == "cordoned")
    record = room.submit(task("true"))
    wait_until(lambda: room.gateway.beats[-1].state == "cordoned")
    assert not record.events
    room.gateway.pushed.put(WorkerCommand(kind="uncordon"))
    wait_until(lambda: record.ended)


def test_the_server_can_drain_a_worker(room: Room) -> None:
    wait_until(lambda: room.worker.health().registered)
    room.gateway.pushed.put(WorkerCommand(kind="drain"))
    room.greenlet.join(timeout=30)
    assert room.greenlet.successful()
