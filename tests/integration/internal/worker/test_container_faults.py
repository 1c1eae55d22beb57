"""Container programs that are missing, stop answering or lie: stand-ins for them, as the real ones do so rarely."""

from __future__ import annotations

from pathlib import Path

import pytest

from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import Command, TaskStep
from tests.unit.internal.worker.bench_room import task, wait_until, worker_room

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann")
STEP = TaskStep(id="1", name="t", run=Command(runner="docker", params={"image": "x", "cmd": "true"}))


def stand_in(root: Path, **answers: str) -> str:
    """A program that answers by what a shell does for its first argument; it writes all arguments to `asked`."""
    cases = "\n".join(f"{name}) {script};;" for name, script in answers.items())
    program = root / "podman"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {root}/asked\ncase $1 in\n--version) echo podman version 4;;\n{cases}\nesac\n'
    )
    program.chmod(0o755)
    return str(program)


def asked(root: Path) -> list[str]:
    return (root / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("", "neither podman nor docker is in its PATH; install one, or name one with --container-program"),
        ("/nowhere/podman", "this worker has no container program: its --container-program is /nowhere/podman"),
    ],
)
def test_a_missing_program_names_the_setting(tmp_path: Path, wanted: str, reason: str) -> None:
    with worker_room(tmp_path, container_program=wanted, environment={"PATH": str(tmp_path)}) as room:
        record = room.run_job(STEP)
    assert record.end.status == "failed"
    assert reason in record.end.reason


@pytest.mark.parametrize("question", ["--version", "image"])
def test_a_program_that_does_not_answer_is_not_waited_for(tmp_path: Path, question: str) -> None:
    program = tmp_path / "silent"
    program.write_text(f"#!/bin/sh\n[ $1 = {question} ] && exec sleep 1000\necho podman\n")
    program.chmod(0o755)
    with worker_room(tmp_path, container_program=str(program), container_patience=0.3) as room:
        record = room.run_job(STEP)
    assert record.end.reason == f'task "t": the container program {program} did not answer within 300ms'


def test_a_program_that_does_not_work_is_the_reason(tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho 'no daemon here' >&2; exit 1\n")
    program.chmod(0o755)
    with worker_room(tmp_path, container_program=str(program)) as room:
        record = room.run_job(STEP)
    assert record.end.reason == f'task "t": the container program {program} does not work: no daemon here'


def test_a_container_that_cannot_be_started_is_the_reason(tmp_path: Path) -> None:
    program = stand_in(tmp_path, run="echo 'no space' >&2; exit 125")
    with worker_room(tmp_path, container_program=program) as room:
        record = room.run_job(STEP)
    assert "exit status 125: the container could not be started, or its command ended so: no space" in record.end.reason
    assert asked(tmp_path)[-1].startswith("rm --force --volumes --time=0 pikoci-")


def test_a_removal_that_hangs_holds_up_nothing_for_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = stand_in(tmp_path, run="echo up; exec sleep 1000", rm="exec sleep 1000")
    with worker_room(tmp_path, container_program=program, container_patience=0.3) as room:
        record = room.submit(STEP)
        wait_until(record.log)
        room.gateway.pushed.put(CANCEL)
        wait_until(lambda: record.ended)
        assert record.end.status == "cancelled"
        assert room.run_job(task("true")).end.status == "succeeded"
    assert "cannot remove a container; it may still run" in capsys.readouterr().out


@pytest.mark.parametrize("ps", ["exec sleep 1000", "exit 1"])
def test_a_start_goes_on_if_nothing_can_be_reaped(tmp_path: Path, ps: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "containers").touch()
    with worker_room(tmp_path, container_program=stand_in(tmp_path, ps=ps), container_patience=0.3) as room:
        assert room.run_job(task("true")).end.status == "succeeded"
    assert (tmp_path / "work" / "containers").exists()


def test_a_worker_without_containers_asks_no_program(tmp_path: Path) -> None:
    with worker_room(tmp_path, container_program=stand_in(tmp_path)) as room:
        room.run_job(task("true"))
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("name", "params", "wanted"),
    [
        ("docker", {}, " --user=1234:1235 "),
        ("docker", {"user": "5"}, " --user=5 "),
        ("podman", {"user": "5"}, " --userns=keep-id:uid=5,gid=5 --user=5 "),
        ("podman", {"user": "5:6"}, " --userns=keep-id:uid=5,gid=6 --user=5:6 "),
        ("podman", {"user": "name"}, " --workdir=/workdir --user=name "),
        ("podman", {"user": "0"}, " --workdir=/workdir --user=0 "),
        ("podman", {}, " --workdir=/workdir x "),
    ],
)
def test_files_belong_to_a_worker_that_is_not_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, params: dict[str, object], wanted: str
) -> None:
    program = tmp_path / name
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho {name} version 4\n')
    program.chmod(0o755)
    monkeypatch.setattr("os.geteuid", lambda: 1234)
    monkeypatch.setattr("os.getegid", lambda: 1235)
    step = TaskStep(id="1", name="t", run=Command(runner="docker", params={**STEP.run.params, **params}))
    with worker_room(tmp_path, container_program=str(program)) as room:
        room.run_job(step)
    (run,) = (line for line in asked(tmp_path) if line.startswith("run "))
    assert wanted in run


def test_a_line_break_that_no_way_is_left_for_is_refused(tmp_path: Path) -> None:
    step = TaskStep(id="1", name="t", run=STEP.run, env={"PATH": "/bin\n"})
    with worker_room(tmp_path, container_program=stand_in(tmp_path)) as room:
        record = room.run_job(step)
    assert record.end.reason == 'task "t": the variable PATH has a line break, so it cannot be handed to a container'
