"""What a command leaves behind when it ends."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from pikoci.internal.worker.process import Reason
from tests.integration.internal.worker.process.conftest import is_alive, read_pid

Run = Callable[..., Any]


def test_background_processes_are_killed_and_counted(shell: Run) -> None:
    result, _ = shell("sleep 1000 & (setsid sleep 1000 &) ; sleep 1000 & exit 6")
    assert (result.reason, result.exit_code, result.leftovers_killed) == (Reason.EXITED, 6, 3)
    assert result.duration_seconds < 3


def test_a_daemon_with_a_scrubbed_environment_is_killed(shell: Run, tmp_path: Path) -> None:
    result, _ = shell(
        "(setsid env -i /bin/sh -c 'echo $$ > daemon; exec sleep 1000' &); while [ ! -s daemon ]; do :; done"
    )
    assert result.exit_code == 0
    assert result.leftovers_killed >= 1
    assert not is_alive(read_pid(tmp_path / "daemon"))


def test_what_ends_by_itself_right_after_is_not_killed(bash: Run) -> None:
    result, output = bash("exec > >(sleep 0.05; cat) 2>&1; echo the last line")
    assert output == b"the last line\n"
    assert (result.succeeded, result.leftovers_killed) == (True, 0)


def test_nothing_is_counted_when_nothing_is_left(shell: Run) -> None:
    result, _ = shell("sleep 0.01 & wait; (sleep 0.01; true)")
    assert (result.succeeded, result.leftovers_killed) == (True, 0)


def test_a_stranger_that_holds_the_output_is_not_waited_for(shell: Run, tmp_path: Path) -> None:
    greenlet = gevent.spawn(shell, "echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; echo end")
    pid = read_pid(tmp_path / "pid")
    with Path(f"/proc/{pid}/fd/1").open("wb", buffering=0) as held:
        (tmp_path / "go").touch()
        began = time.monotonic()
        result, output = greenlet.get(timeout=30)
        assert time.monotonic() - began < 8
        assert (result.exit_code, output) == (0, b"end\n")
        assert held.fileno() >= 0


def test_orphans_are_collected_while_the_command_runs(shell: Run) -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do (true &) ; done; sleep 0.2; cut -d' ' -f4 /proc/$$/stat"
    script += "; for f in /proc/[0-9]*/stat; do cat $f 2>/dev/null; done | cut -d' ' -f1-4"
    _, output = shell(script)
    supervisor, *processes = output.decode().splitlines()
    zombies = [line for line in processes if line.split(") ")[-1].split() == ["Z", supervisor]]
    assert zombies == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees where a supervisor is")
def test_a_finished_command_pins_no_directory(run: Run, spawner: Any, tmp_path: Path) -> None:
    run(["true"])
    supervisor = spawner._idle[-1]._pid
    assert Path(f"/proc/{supervisor}/cwd").readlink() == Path("/")
