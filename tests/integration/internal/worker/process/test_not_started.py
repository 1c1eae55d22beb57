"""A command that cannot be started is a result with one clear sentence."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.worker.process import Invocation, Reason, Spawner

Run = Callable[..., Any]

BAD = {
    "unknown": (["no-such-program"], "command 'no-such-program' was not found in PATH (/usr/local/bin:/usr/bin:/bin)"),
    "missing": (["/no/such"], "/no/such: no such file or directory"),
    "directory": (["/tmp"], "/tmp: permission denied (it is a directory)"),
    "not executable": (["./plain"], "./plain: permission denied (is it executable?)"),
    "no interpreter": (["./orphan"], "./orphan: its interpreter (see its first line) or its loader does not exist"),
    "no program": (["./text"], "./text: not a program for this machine, nor a script with #! in its first line"),
    "empty": ([], "the command is empty"),
    "NUL": (["true", "a\0b"], "argument 1 contains a NUL byte"),
}


@pytest.mark.parametrize(("argv", "sentence"), BAD.values(), ids=BAD)
def test_says_what_is_wrong_with_the_command(run: Run, tmp_path: Path, argv: list[str], sentence: str) -> None:
    for name, text, mode in (("plain", "", 0o644), ("orphan", "#!/no/such\n", 0o755), ("text", "hello\n", 0o755)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    result, output = run(argv)
    assert (result.reason, result.message, output) == (Reason.UNFIT, sentence, b"")
    assert (result.exit_code, result.signal, result.usage) == (None, None, None)


def test_names_the_file_in_path_that_is_not_executable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("")
    result, _ = run(["tool"], env={"PATH": str(tmp_path)})
    assert result.message == f"{tmp_path}/tool: permission denied (it is not executable)"


@pytest.mark.parametrize(("name", "why"), [("gone", "no such file or directory"), ("file", "not a directory")])
def test_says_what_is_wrong_with_the_directory(run: Run, tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    result, _ = run(["true"], cwd=tmp_path / name)
    assert (result.reason, result.message) == (Reason.NOT_STARTED, f"working directory {tmp_path}/{name}: {why}")


def test_refuses_an_argument_that_the_kernel_refuses(run: Run) -> None:
    result, _ = run(["true", "x" * 200_000])
    assert result.reason is Reason.UNFIT
    assert "/true: the system does not take 200" in result.message


def test_takes_a_large_environment_and_refuses_one_beyond_the_bound(run: Run) -> None:
    env = {f"V{i}": "x" * 100_000 for i in range(10)}
    assert run(["/bin/true"], env=env)[0].succeeded
    result, _ = run(["/bin/true"], env={f"V{i}": "x" * 100_000 for i in range(50)})
    assert result.reason is Reason.UNFIT
    assert "at most 4194304 are allowed; pass large values in files" in result.message


def test_works_on_after_a_refusal(run: Run, shell: Run) -> None:
    run(["/no/such"])
    assert shell("pwd; exit 7")[0].exit_code == 7


SCARCE = """
from pikoci.cooperative import make_cooperative
make_cooperative()
import os, resource, sys
from pikoci.internal.worker.process import Invocation, Spawner
spawner = Spawner(sys.argv[1])
spawner.start()
true = Invocation(["/bin/true"], "/", {})
open_files = len(os.listdir("/proc/self/fd"))
for limit in range(open_files - 2, open_files + 12):
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, 4096))
    print(spawner.run(true, print).describe())
    before = limit
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
print(spawner.run(true, print).describe())
spawner.close()
"""


def test_out_of_descriptors_is_an_error_of_that_command_alone(mark: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCARCE, mark], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert set(lines) == {"cannot start a command: too many open files", "exit status 0"}
    assert lines[-1] == "exit status 0"


def test_says_when_the_process_that_starts_commands_cannot_start(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    spawner = Spawner(mark)
    result = spawner.run(Invocation(["true"], "/", {}), lambda chunk: None)
    assert result.reason is Reason.NOT_STARTED
    assert "/no/such/python" in result.message
    spawner.close()
