"""What a command finds when it starts, and what the worker gets from it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from pikoci.internal.worker.process import Invocation, Reason, Spawner

Run = Callable[..., Any]


def test_gives_the_exit_status_and_the_output(shell: Run) -> None:
    result, output = shell("echo out; echo err >&2; echo again; exit 3")
    assert output == b"out\nerr\nagain\n"
    assert (result.reason, result.exit_code, result.signal, result.message) == (Reason.EXITED, 3, None, "")
    assert not result.succeeded
    assert result.describe() == "exit status 3"
    assert 0 < result.duration_seconds < 5


def test_gives_the_signal_that_ended_the_command(shell: Run) -> None:
    result, _ = shell("kill -SEGV $$")
    assert (result.reason, result.exit_code, result.signal) == (Reason.EXITED, None, signal.SIGSEGV)
    assert result.describe() == "killed by SIGSEGV"


def test_keeps_stdout_apart_when_asked(shell: Run) -> None:
    errors: list[bytes] = []
    result, output = shell("echo data; echo note >&2", on_stderr=errors.append)
    assert result.succeeded
    assert (output, b"".join(errors)) == (b"data\n", b"note\n")


def test_gives_stdin_whole_also_when_it_is_large(run: Run) -> None:
    stdin = os.urandom(3_000_000)
    result, output = run(["cat"], stdin=stdin)
    assert result.succeeded
    assert output == stdin


def test_gives_an_empty_stdin_by_default(shell: Run) -> None:
    assert shell("readlink /proc/self/fd/0; cat")[1] == b"/dev/null\n"


def test_runs_in_the_directory_with_that_environment_only(run: Run, mark: str, tmp_path: Path) -> None:
    result, output = run(["/usr/bin/env"], env={"A": "1", "EMPTY": "", "LINES": "a\nb=c"})
    assert result.succeeded
    assert output == f"A=1\nEMPTY=\nLINES=a\nb=c\nPIKOCI_WORKER_MARK={mark}\n".encode()
    assert run(["pwd"])[1].decode().strip() == str(tmp_path)


def test_finds_a_program_by_the_path_of_the_environment(run: Run, tmp_path: Path) -> None:
    for folder, mode in (("first", 0o644), ("second", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "hello").write_text(f"#!/bin/sh\necho {folder}\n")
        (tmp_path / folder / "hello").chmod(mode)
    assert run(["hello"], env={"PATH": f"/no/such:{tmp_path}/first:{tmp_path}/second"})[1] == b"second\n"
    assert run(["hello"], env={"PATH": "second"})[1] == b"second\n"
    assert run(["second/hello"], env={})[1] == b"second\n"


def test_passes_any_bytes_in_arguments(run: Run) -> None:
    argument = os.fsdecode(b"\xff\xfe caf\xc3\xa9\n")
    assert run(["printf", "%s", argument])[1] == b"\xff\xfe caf\xc3\xa9\n"


def test_inherits_no_descriptor_but_the_standard_three(run: Run) -> None:
    _, output = run(["ls", "/proc/self/fd"])
    assert output.split() == [b"0", b"1", b"2", b"3"]  # 3 is that of `ls`


def test_starts_with_clean_signals(run: Run) -> None:
    _, output = run(["grep", "-E", "SigBlk|SigIgn", "/proc/self/status"])
    masks = [int(line.split()[1], 16) for line in output.splitlines()]
    assert len(masks) == 2
    assert not any(mask & 0x7FFFFFFF for mask in masks)


def test_has_a_session_of_its_own_and_no_terminal(shell: Run) -> None:
    _, output = shell("echo $$; cut -d' ' -f5-7 /proc/$$/stat")
    pid, fields = output.decode().splitlines()
    group, session, terminal = fields.split()
    assert group == session == pid
    assert terminal == "0"


def test_counts_what_the_command_used(shell: Run) -> None:
    result, _ = shell("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done")
    assert result.usage.user_seconds > 0.005
    assert result.usage.max_rss_bytes > 1_000_000


def test_reads_output_of_a_command_that_closed_it_early(shell: Run) -> None:
    result, output = shell("echo last words; exec >&- 2>&-; sleep 0.1; exit 4")
    assert (result.exit_code, output) == (4, b"last words\n")


def test_hands_on_a_line_without_end_as_it_comes(shell: Run, tmp_path: Path) -> None:
    def on_output(chunk: bytes) -> None:
        assert chunk == b"no newline"
        (tmp_path / "seen").touch()

    result, _ = shell("printf 'no newline'; while [ ! -e seen ]; do sleep 0.01; done", on_output=on_output, timeout=10)
    assert result.succeeded


def test_a_sink_that_fails_gets_the_command_killed(spawner: Spawner, shell: Run, tmp_path: Path) -> None:
    def on_output(chunk: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shell("echo $$ > pid; echo x; exec sleep 1000", on_output=on_output)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
    assert shell("echo fine")[1] == b"fine\n"


def test_a_killed_greenlet_gets_its_command_killed(shell: Run, tmp_path: Path) -> None:
    greenlet = gevent.spawn(shell, "(setsid sleep 1000 &) ; echo $$ > pid; exec sleep 1000")
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        gevent.sleep(0.005)
    began = time.monotonic()
    greenlet.kill()
    assert time.monotonic() - began < 8
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_starts_nothing_after_close(mark: str) -> None:
    spawner = Spawner(mark)
    spawner.close()
    result = spawner.run(Invocation(["true"], "/", {}), lambda chunk: None)
    assert (result.reason, result.message) == (Reason.CANCELLED, "cancelled: the worker is stopping")
