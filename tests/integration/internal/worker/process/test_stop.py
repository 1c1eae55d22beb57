"""Stopping a command, whatever it does about it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event

from pikoci.internal.worker.process import Reason, Spawner, execution
from tests.integration.internal.worker.process.conftest import is_alive, read_pid, wait_until

Run = Callable[..., Any]

# A process that no environment, session or parent leads to.
DAEMON = "(setsid env -i /bin/sh -c 'echo $$ > daemon; exec sleep 1000' &)"


def test_a_timeout_stops_the_command_and_says_so(shell: Run) -> None:
    result, output = shell("echo begun; exec sleep 1000", timeout=0.2)
    assert output == b"begun\n"
    assert (result.reason, result.signal, result.message) == (Reason.TIMEOUT, signal.SIGTERM, "timed out after 0.2 s")
    assert result.duration_seconds < 3


def test_a_command_that_ends_well_when_asked_keeps_its_status(shell: Run) -> None:
    result, output = shell("trap 'echo tidy; exit 5' TERM; echo begun; sleep 1000 & wait", timeout=2.0)
    assert (result.reason, result.exit_code, output) == (Reason.TIMEOUT, 5, b"begun\ntidy\n")


def test_cancel_stops_the_command(shell: Run) -> None:
    cancel = Event()
    gevent.spawn_later(0.1, cancel.set)
    result, _ = shell("exec sleep 1000", cancel=cancel)
    assert (result.reason, result.message) == (Reason.CANCELLED, "cancelled")


def test_a_cancelled_command_never_starts(shell: Run, tmp_path: Path) -> None:
    cancel = Event()
    cancel.set()
    result, _ = shell("touch ran", cancel=cancel)
    assert (result.reason, result.message) == (Reason.CANCELLED, "cancelled before it started")
    assert not (tmp_path / "ran").exists()


def test_a_command_that_ended_before_it_was_stopped_has_exited(shell: Run) -> None:
    cancel = Event()

    def on_output(chunk: bytes) -> None:
        wait_until(lambda: not is_alive(int(chunk)), "the end of the command")
        cancel.set()
        gevent.sleep(0.05)

    result, _ = shell("echo $$; exit 2", on_output=on_output, cancel=cancel)
    assert (result.reason, result.exit_code) == (Reason.EXITED, 2)


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace(shell: Run) -> None:
    result, _ = shell("trap '' TERM; echo x; while :; do sleep 0.01; done", timeout=0.2, grace=0.3)
    assert (result.reason, result.signal) == (Reason.TIMEOUT, signal.SIGKILL)
    assert 0.49 <= result.duration_seconds < 3


def test_without_grace_it_is_killed_at_once(shell: Run) -> None:
    result, _ = shell("trap 'echo asked' TERM; while :; do sleep 0.01; done", timeout=0.2, grace=0)
    assert (result.reason, result.signal) == (Reason.TIMEOUT, signal.SIGKILL)
    assert result.duration_seconds < 2


def test_everybody_is_asked_to_stop_and_only_once(bash: Run, tmp_path: Path) -> None:
    (tmp_path / "member.py").write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: os.write(1, sys.argv[1].encode()))\n"
        "os.write(1, b'.')\n"
        "time.sleep(0.6)\n"
        "end = time.monotonic() + 0.4\n"
        "while time.monotonic() < end: time.sleep(0.1)\n"
    )
    cancel = Event()
    seen: list[bytes] = []

    def on_output(chunk: bytes) -> None:
        seen.append(chunk)
        if b"".join(seen).count(b".") == 3:
            cancel.set()

    python = sys.executable
    script = f"{python} member.py a & setsid {python} member.py b & exec {python} member.py c"
    result, _ = bash(script, on_output=on_output, cancel=cancel)
    assert sorted(b"".join(seen)) == sorted(b"...abc")
    assert (result.reason, result.exit_code, result.leftovers_killed) == (Reason.CANCELLED, 0, 0)


def test_a_daemon_with_a_scrubbed_environment_goes_too(shell: Run, tmp_path: Path) -> None:
    cancel = Event()
    greenlet = gevent.spawn(shell, DAEMON + "; exec sleep 1000", cancel=cancel, grace=0.2)
    daemon = read_pid(tmp_path / "daemon")
    cancel.set()
    assert greenlet.get()[0].reason is Reason.CANCELLED
    assert not is_alive(daemon)


def test_a_stopped_process_gets_its_chance_to_end_well(shell: Run) -> None:
    result, output = shell("trap 'echo tidy; exit 0' TERM; kill -STOP $$; sleep 1000", timeout=0.2)
    assert (result.reason, result.exit_code, output) == (Reason.TIMEOUT, 0, b"tidy\n")


def test_a_command_can_be_cancelled_while_nobody_takes_its_output(shell: Run, tmp_path: Path) -> None:
    blocked, cancel = Event(), Event()
    greenlet = gevent.spawn(
        shell, "echo $$ > pid; exec yes", on_output=lambda chunk: blocked.wait(), cancel=cancel, grace=0.2
    )
    pid = read_pid(tmp_path / "pid")
    cancel.set()
    wait_until(lambda: not is_alive(pid), "the end of the command")
    assert not greenlet.ready()
    blocked.set()
    assert greenlet.get()[0].reason is Reason.CANCELLED


BOMBS = {
    "one that doubles": "double() { [ $1 -gt 6 ] && exec sleep 1000;"
    " double $(($1 + 1)) & double $(($1 + 1)) & wait; }; trap '' TERM; double 0",
    "one that starts more for ever": "trap '' TERM; while :; do setsid sleep 1000 & sleep 0.002; done",
    "one whose processes hand over": "trap '' TERM; cat > hop.py <<'END'\n"
    "import os\n"
    "while True:\n"
    "    if os.fork(): os._exit(0)\n"
    "    os.setsid()\n"
    "END\n"
    f"{sys.executable} -S -E hop.py & wait; sleep 1000",
}


@pytest.mark.parametrize("script", BOMBS.values(), ids=BOMBS)
def test_a_fork_bomb_is_killed(bash: Run, mark: str, script: str) -> None:
    result, _ = bash(script, timeout=0.7, grace=0)
    assert (result.reason, result.survivors) == (Reason.TIMEOUT, 0)
    assert result.duration_seconds < 8
    # The fixture asserts that no process with the mark is left.


def test_close_kills_what_runs(spawner: Spawner, shell: Run, tmp_path: Path) -> None:
    greenlet = gevent.spawn(shell, "trap '' TERM; " + DAEMON + "; echo $$ > pid; while :; do sleep 1; done")
    daemon, pid = read_pid(tmp_path / "daemon"), read_pid(tmp_path / "pid")
    began = time.monotonic()
    spawner.close()
    assert time.monotonic() - began < 8
    assert not is_alive(daemon)
    assert not is_alive(pid)
    result = greenlet.get()[0]
    assert (result.reason, result.message) == (Reason.CANCELLED, "cancelled: the worker is stopping")


def test_close_does_not_wait_for_a_blocked_sink(spawner: Spawner, shell: Run, tmp_path: Path) -> None:
    blocked = Event()
    greenlet = gevent.spawn(shell, "echo $$ > pid; echo x; exec sleep 1000", on_output=lambda chunk: blocked.wait())
    pid = read_pid(tmp_path / "pid")
    began = time.monotonic()
    spawner.close()
    assert time.monotonic() - began < 8
    assert not is_alive(pid)
    blocked.set()
    assert greenlet.get(timeout=30)[0].reason is Reason.CANCELLED


def test_a_supervisor_that_has_answered_is_kept_however_long_a_sink_blocks(
    spawner: Spawner, shell: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "KILL_LIMIT_SECONDS", 0.0)
    monkeypatch.setattr(execution, "ANSWER_MARGIN_SECONDS", 0.5)
    supervisor = spawner._idle[-1]._pid
    slow = shell("echo x; exec sleep 1000", on_output=lambda chunk: gevent.sleep(2.5), timeout=1.0, grace=0.1)
    assert (slow[0].reason, slow[0].signal) == (Reason.TIMEOUT, signal.SIGTERM)
    assert [link._pid for link in spawner._idle] == [supervisor]
    assert shell("echo fine")[1] == b"fine\n"


POWERLESS = """
from pikoci.cooperative import make_cooperative
make_cooperative()
import sys
from pikoci.internal.worker.process import Invocation, Spawner
mark, folder = sys.argv[1:]
spawner = Spawner(mark)
script = "setpriv --reuid 65534 --clear-groups sh -c 'echo $$; exec sleep 1000'"
command = Invocation(["sh", "-c", script], folder, {"PATH": "/usr/bin:/bin"})
pids = []
result = spawner.run(command, pids.append, timeout=0.5, grace=0)
print(int(pids[0]), result.reason, result.signal, result.survivors, result.message, sep="|")
print(spawner.run(Invocation(["/bin/true"], folder, {}), print).describe())
spawner.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_process_that_must_not_be_killed_is_reported(mark: str, tmp_path: Path) -> None:
    # Without CAP_KILL, root cannot signal another user, as no worker can what its command runs through sudo.
    without = ["setpriv", "--bounding-set", "-kill", "--inh-caps", "-kill"]
    script = [sys.executable, "-c", POWERLESS, mark, str(tmp_path)]
    done = subprocess.run([*without, *script], capture_output=True, text=True, timeout=60, check=True)
    first, second = done.stdout.splitlines()
    pid, *end = first.split("|")
    assert is_alive(int(pid))
    os.kill(int(pid), signal.SIGKILL)
    assert end == ["timeout", "9", "1", "timed out after 0.5 s; 1 of its processes could not be killed"]
    assert second == "exit status 0"


def test_cancel_counts_also_while_the_command_is_handed_over(shell: Run) -> None:
    cancels = [Event() for _ in range(12)]  # more than there are idle supervisors
    greenlets = [gevent.spawn(shell, "exec sleep 1000", cancel=cancel) for cancel in cancels]
    gevent.sleep(0)
    for cancel in cancels:
        cancel.set()
    assert {greenlet.get(timeout=30)[0].reason for greenlet in greenlets} == {Reason.CANCELLED}
