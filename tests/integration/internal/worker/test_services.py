"""What becomes of a build and of its services when they start, become ready, end and stop in every way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gevent
import pytest

from pikoci.internal.domain.events import BuildReturned, StepFinished, StepStarted
from pikoci.internal.domain.gateway import ClaimRef, WorkerCommand
from pikoci.internal.domain.plan import Command, Hook, Hooks, ReadyCheck, Service, ServiceType
from pikoci.internal.worker.steps import service as service_module
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room
from tests.unit.internal.worker.fake_gateway import Record

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by alice")
DAEMON = "(setsid sh -c 'echo $$ > {name}.pid; exec sleep 1000' &); while ! [ -s {name}.pid ]; do sleep 0.01; done;"


def db(name: str = "db", start: str = "", ready: str = "", stop: str = "true", **more: Any) -> ServiceType:
    """A daemon that writes its pid into `<name>.pid`; its start goes on with `start`."""
    check = ReadyCheck(command=sh(ready), interval=0.1, **more) if ready else None
    return ServiceType(name=name, start=sh(DAEMON.format(name=name) + start), ready_check=check, stop=sh(stop))


def server(ready: str, run: str = "echo $$ > db.pid; echo up; exec sleep 1000", **more: Any) -> ServiceType:
    """One that stays in the foreground."""
    check = ReadyCheck(command=sh(ready), interval=0.1, **more)
    return ServiceType(name="db", start=sh(run), foreground=True, ready_check=check)


def used(*types: ServiceType, **params: object) -> dict[str, Any]:
    """What a job that uses these says."""
    services = [Service(id=str(number), type=kind.name, params=params) for number, kind in enumerate(types, 1)]
    return {"services": services, "service_types": list(types)}


def names(record: Record) -> list[str]:
    return [event.name for event in record.events if isinstance(event, StepStarted)]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def pid_in(log: bytes) -> int:
    return int(log.split(b"pid ")[1].split()[0])


SHOW = "echo pid $(cat db.pid); kill -0 $(cat db.pid)"


def test_services_live_beside_the_steps_and_the_hooks(room: Room) -> None:
    record = room.run_job(
        task(SHOW),
        hooks=Hooks(ensure=[Hook(id="ensure/1", command=sh("kill -0 $(cat db.pid)"))]),
        **used(db(ready="kill -0 $(cat db.pid)"), db("cache")),
    )
    assert record.end.status == "succeeded", record.log()
    assert names(record) == ["db:start", "cache:start", "db:ready", "t", "ensure", "cache:stop", "db:stop"]
    assert set(record.steps().values()) == {"succeeded"}
    kinds = {event.kind for event in record.events if isinstance(event, StepStarted) and event.name.endswith(":stop")}
    assert kinds == {"service"}
    assert not is_alive(pid_in(record.log("1")))


def test_its_commands_see_params_environment_and_the_build(room: Room) -> None:
    show = 'echo "$param_size $A $BUILD_NUMBER $SERVICE_DB_HOST"'
    kind = db(start=f"{show}; echo host=here > $PIKOCI_OUTPUT", ready=show, stop=show)
    services = [Service(id="1", type="db", params={"size": 3}, env={"A": "b"})]
    record = room.run_job(task('echo "$SERVICE_DB_HOST $A $param_size"'), services=services, service_types=[kind])
    assert record.log("start/1") == b"3 b 3.1 \n"
    assert record.log("ready/1") == b"3 b 3.1 here\n"
    assert record.log("1") == b"here  \n"
    assert record.log("stop/1") == b"3 b 3.1 here\n"


def test_what_a_service_prints_goes_to_the_log_of_its_start(room: Room) -> None:
    kind = ServiceType(
        name="db", start=sh("echo first; (while ! [ -e go ]; do sleep 0.01; done; echo later; sleep 99) &"), stop=sh("")
    )
    record = room.run_job(task("touch go; sleep 0.3"), **used(kind))
    assert record.log("start/1") == b"first\nlater\n"


def test_a_start_that_leaves_nothing_is_no_death(room: Room) -> None:
    kind = ServiceType(
        name="db", start=sh("echo gone"), ready_check=ReadyCheck(command=sh("true")), stop=sh("echo bye")
    )
    record = room.run_job(task("true"), **used(kind))
    assert record.end.status == "succeeded"
    assert record.log() == b"gone\nbye\n"


def test_a_start_that_fails_stops_those_before_it_and_runs_the_hooks(room: Room) -> None:
    record = room.run_job(
        task("true"),
        hooks=Hooks(on_failure=[Hook(id="on_failure/1", command=sh("echo hook"))]),
        **used(db(ready="true"), db("bad", "exit 3", ready="true"), db("third")),
    )
    assert record.end.status == "failed"
    assert record.end.reason == 'service "bad": exit status 3'
    assert record.steps() == {
        "start/1": "succeeded", "start/2": "failed", "start/3": "skipped", "ready/1": "skipped", "ready/2": "skipped",
        "1": "skipped", "on_failure/1": "succeeded", "stop/1": "succeeded", "stop/2": "succeeded",
    }  # fmt: skip
    skipped = next(event for event in record.events if isinstance(event, StepFinished) and event.step == "start/3")
    assert (skipped.name, skipped.kind) == ("third:start", "service")


def test_a_start_that_does_not_end_is_told_how_to_stay(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "HINT_SECONDS", 0.1)
    record = room.run_job(task("true"), timeout=0.5, **used(db(start="sleep 60")))
    assert record.log("start/1") == (
        b"the start has not ended yet; one that is the service itself needs foreground = true\n"
    )


def test_a_missing_program_is_the_builds_fault(room: Room) -> None:
    kind = ServiceType(name="db", start=Command(runner="exec", params={"path": "no-such-program"}), stop=sh("true"))
    record = room.run_job(task("true"), **used(kind))
    assert record.end.status == "failed"
    assert record.end.reason.startswith("service \"db\": command 'no-such-program' was not found")


def test_ready_checks_run_side_by_side_until_they_succeed(room: Room) -> None:
    first, second = db(ready="touch a; [ -e b ]"), db("cache", ready="touch b; [ -e a ]")
    record = room.run_job(task("true"), **used(first, second))
    assert record.end.status == "succeeded"


def test_a_service_that_is_never_ready_ends_the_build_and_the_other_waits(room: Room) -> None:
    bad = db(ready="echo no; exit 2", timeout=0.5)
    record = room.run_job(task("true"), **used(bad, db("other", ready="false")))
    assert record.end.status == "failed"
    assert record.end.reason.startswith('service "db": not ready within 500ms, in ')
    assert record.end.reason.endswith("tries; the last: exit status 2")
    assert record.log("ready/1") == b"no\n"
    assert record.reason("ready/2") == 'the service "db" is not ready'
    assert [record.steps()[step] for step in ("1", "stop/1", "stop/2")] == ["skipped", "succeeded", "succeeded"]


def test_a_ready_check_that_hangs_is_tried_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "TRY_SECONDS", 0.2)
    record = room.run_job(task("true"), **used(db(ready="[ -e tried ] || { touch tried; sleep 1000; }")))
    assert record.end.status == "succeeded"


def test_a_ready_check_that_always_hangs_ends_with_its_time(room: Room) -> None:
    record = room.run_job(task("true"), **used(db(ready="trap '' TERM; sleep 1000", timeout=0.3)))
    assert record.end.reason == 'service "db": not ready within 300ms, in 1 try; the last: timed out after 300ms'


def test_a_service_in_the_foreground_is_ready_and_then_ended(room: Room) -> None:
    kind = server(
        "[ -s db.pid ] && [ $SERVICE_DB_PORT = 7 ] && echo port=1 > $PIKOCI_OUTPUT",
        "echo port=7 > $PIKOCI_OUTPUT; echo $$ > db.pid; exec sleep 99",
    )
    record = room.run_job(task(SHOW + "; echo port $SERVICE_DB_PORT"), **used(kind))
    assert record.end.status == "succeeded", record.log()
    assert b"port 7" in record.log("1")
    assert not is_alive(pid_in(record.log("1")))
    assert record.log("stop/1") == b""


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("echo cannot; exit 7", "exit status 7"),
        ("sleep 99 & exit 0", "exit status 0"),
    ],
)
def test_one_that_ends_before_it_is_ready_is_waited_for_no_longer(room: Room, run: str, reason: str) -> None:
    record = room.run_job(task("true"), **used(server("false", run)))
    assert record.end.status == "failed"
    said = "; it said: cannot" if "cannot" in run else ""
    assert record.end.reason == f'service "db": it ended before it was ready: {reason}{said}'
    assert f"the service ended before its stop: {reason}\n".encode() in record.log("start/1")


def test_a_service_that_dies_in_the_middle_is_told_of(room: Room) -> None:
    record = room.run_job(
        task("kill -9 $(cat db.pid) $(cat cache.pid); sleep 0.3"),
        **used(server("[ -s db.pid ]", "echo $$ > db.pid; exec sleep 1000"), db("cache")),
    )
    assert record.end.status == "succeeded"
    assert record.log("start/1") == b"the service ended before its stop: killed by SIGKILL\n"
    assert record.log("start/2") == b"the service ended before its stop: all that its start left behind has ended\n"
    assert record.log("stop/2") == b"it had ended before: killed by SIGKILL\n"


def test_a_stop_that_fails_changes_nothing(room: Room) -> None:
    record = room.run_job(task(SHOW), **used(db(stop="echo oops; exit 4"), db("cache")))
    assert record.end.status == "succeeded"
    assert record.steps()["stop/2"] == "failed"
    assert record.log("stop/2") == b"oops\nthe stop did not succeed, which changes nothing else: exit status 4\n"
    assert not is_alive(pid_in(record.log("1")))


def test_a_daemon_that_its_stop_ends_is_no_death(room: Room) -> None:
    record = room.run_job(task("true"), **used(db(stop="kill $(cat db.pid); sleep 0.3")))
    assert b"ended before" not in record.log()


def test_a_failed_step_leaves_the_services_to_its_hooks(room: Room) -> None:
    hook = Hooks(on_failure=[Hook(id="on_failure/1", command=sh("kill -0 $(cat db.pid) && echo there"))])
    record = room.run_job(task("exit 1"), hooks=hook, **used(db(stop="echo stopped")))
    assert record.end.status == "failed"
    assert record.log() == b"there\nstopped\n"


def test_services_are_stopped_after_a_cancellation(room: Room) -> None:
    record = room.submit(task(SHOW + "; echo up; sleep 60"), **used(db(stop="echo stopped")))
    wait_until(lambda: b"up" in record.log())
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert (record.end.status, record.steps()["stop/1"]) == ("cancelled", "succeeded")
    assert record.log("stop/1") == b"stopped\n"
    assert not is_alive(pid_in(record.log("1")))


@pytest.mark.parametrize("hanging", [{"start": "echo up; sleep 60"}, {"ready": "echo up >&2; touch up; sleep 60"}])
def test_a_cancellation_ends_a_start_and_a_ready_check(room: Room, hanging: dict[str, str], tmp_path: Path) -> None:
    up = tmp_path / "up"
    more = {name: script.replace("echo up", f"echo up; touch {up}") for name, script in hanging.items()}
    record = room.submit(task("true"), **used(db(stop="echo stopped", **more)))
    wait_until(up.exists)
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert (record.end.status, record.end.reason) == ("cancelled", "cancelled by alice")
    assert record.log("stop/1") == b"stopped\n"


def test_the_time_of_a_job_bounds_the_start_of_its_services(room: Room) -> None:
    record = room.run_job(task("true"), timeout=0.5, **used(db(ready="false", stop="echo stopped")))
    assert (record.end.status, record.end.reason) == ("failed", "the job timed out after 500ms")
    assert record.log("stop/1") == b"stopped\n"


def test_a_stop_that_hangs_is_bounded(tmp_path: Path) -> None:
    with worker_room(tmp_path, hook_budget=0.3) as room:
        record = room.run_job(task(SHOW), **used(db(stop="sleep 60"), db("cache", stop="sleep 60")))
        assert record.end.status == "succeeded"
        assert record.reason("stop/1") == "stopping the services timed out after 300ms"
        assert record.steps()["stop/2"] == "failed"
        assert not is_alive(pid_in(record.log("1")))


def test_a_lost_claim_ends_services_without_their_stop(room: Room, tmp_path: Path) -> None:
    stopped, pids = tmp_path / "stopped", tmp_path / "pid"
    room.submit(task(f"cp db.pid {pids}; sleep 60"), **used(db(stop=f"touch {stopped}")))
    wait_until(lambda: pids.exists() and pids.read_text())
    room.gateway.lost.append(ClaimRef(id=1, claim=1))
    wait_until(lambda: not room.worker.health().builds)
    assert not is_alive(int(pids.read_text()))
    assert not stopped.exists()


def test_a_lost_claim_ends_services_at_once_whatever_a_step_does(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    script = (
        f"trap '' TERM; echo $$ > step; cat db.pid step > {pids}.new; mv {pids}.new {pids}; while :; do sleep 0.1; done"
    )
    with worker_room(tmp_path, kill_grace=3.0) as room:
        room.submit(task(script), **used(db()))
        wait_until(pids.exists)
        service, step = map(int, pids.read_text().split())
        room.gateway.lost.append(ClaimRef(id=1, claim=1))
        wait_until(lambda: not is_alive(service))
        assert is_alive(step)


def test_services_are_stopped_when_a_drain_runs_out_of_time(room: Room) -> None:
    record = room.submit(task(SHOW + "; echo up; sleep 60"), **used(db(stop="echo stopped")))
    wait_until(lambda: b"up" in record.log())
    room.worker.drain(0.1)
    wait_until(lambda: record.ended)
    assert isinstance(record.last, BuildReturned)
    assert record.log("stop/1") == b"stopped\n"
    assert not is_alive(pid_in(record.log("1")))


def test_a_stop_is_bounded_when_the_worker_has_to_end(room: Room) -> None:
    record = room.submit(task(SHOW + "; echo up; sleep 60"), **used(db(stop="sleep 60")))
    wait_until(lambda: b"up" in record.log())
    with gevent.Timeout(10, AssertionError("the worker did not end in time")):
        room.worker.cancel_all("it ends")
        room.greenlet.join()
    assert record.end.status == "cancelled"
    assert not is_alive(pid_in(record.log("1")))


def test_a_type_that_is_not_there_is_the_fault_of_the_server(room: Room) -> None:
    record = room.run_job(task("true"), services=[Service(id="1", type="db")])
    assert (record.end.status, record.steps()) == (
        "errored",
        {"start/1": "errored", "1": "skipped", "stop/1": "succeeded"},
    )


def test_an_export_that_is_no_file_fails_the_start(room: Room) -> None:
    record = room.run_job(task("true"), **used(db(start="ln -s /etc/passwd $PIKOCI_OUTPUT")))
    assert record.end.reason.startswith('service "db": $PIKOCI_OUTPUT cannot be read')
    assert record.steps()["stop/1"] == "succeeded"


def test_a_secret_in_what_a_service_prints_is_masked(room: Room) -> None:
    kind = db(start="echo tok-one", ready="echo tok-one", stop="echo tok-one; exit 1")
    record = room.run_job(task("true"), masks=["tok-one"], **used(kind))
    assert record.log("start/1") + record.log("ready/1") == b"***\n***\n"
    assert b"tok-one" not in record.log()
