"""What a result says, and what a spawner's mark may be."""

import signal

import pytest

from pikoci.internal.worker.process import ExitResult, Invocation, Reason, Spawner


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (ExitResult(Reason.EXITED, exit_code=0), "exit status 0"),
        (ExitResult(Reason.EXITED, exit_code=3), "exit status 3"),
        (ExitResult(Reason.EXITED, signal=signal.SIGKILL), "killed by SIGKILL"),
        (ExitResult(Reason.EXITED, signal=signal.SIGRTMIN + 3), f"killed by signal {signal.SIGRTMIN + 3}"),
        (ExitResult(Reason.TIMEOUT, signal=signal.SIGTERM, message="timed out after 5 s"), "timed out after 5 s"),
    ],
)
def test_describes_an_end(result: ExitResult, text: str) -> None:
    assert result.describe() == text


def test_only_an_exit_with_status_0_succeeds() -> None:
    assert ExitResult(Reason.EXITED, exit_code=0).succeeded
    assert not ExitResult(Reason.EXITED, exit_code=1).succeeded
    assert not ExitResult(Reason.TIMEOUT, exit_code=0).succeeded


def test_shows_no_environment_and_no_stdin() -> None:
    assert "secret" not in repr(Invocation(["env"], "/", {"TOKEN": "secret"}, b"secret"))


@pytest.mark.parametrize("mark", ["", "a b", "a=b", "a\0b", "é", "x" * 129, "a\n"])
def test_refuses_a_bad_mark(mark: str) -> None:
    with pytest.raises(ValueError, match="a worker's mark must be"):
        Spawner(mark)
