"""Ctrl-C at moments that nobody would choose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cmd.pikoci.conftest import PROGRAM, Program

#: Interrupts the process when a module is about to be imported.
AT_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""
LOST = """
import os, signal, time
from pikoci.interrupting import end_at_interrupts, raise_at_interrupts

class Losing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(100):  # the exception comes in here, where Python drops it
            pass

end_at_interrupts()
raise_at_interrupts()
Losing()
print("lost", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("module", ["gevent", "gevent.hub", "pikoci.cli", "click", "pikoci.client", "httpx"])
def test_an_interrupt_during_imports_is_one_line(program: Program, tmp_path: Path, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(AT_IMPORT.format(module=module))
    program.variables["PYTHONPATH"] = str(tmp_path)
    done = program("client", "whoami", "--url", "http://127.0.0.1:1")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nInterrupted.\n")


def test_an_interrupt_whose_exception_is_lost_still_ends_the_program() -> None:
    done = subprocess.run(
        [Path(PROGRAM).with_name("python"), "-c", LOST], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (130, "lost\n")
    assert done.stderr.endswith("\nInterrupted.\n")


def test_an_interrupt_that_is_ignored_stays_so(program: Program, tmp_path: Path) -> None:
    """As in `nohup`, and behind `&` in a script."""
    (tmp_path / "sitecustomize.py").write_text(AT_IMPORT.format(module="httpx"))
    program.variables["PYTHONPATH"] = str(tmp_path)
    script = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", script, PROGRAM, "client", "whoami", "--url", "http://127.0.0.1:1"],
        capture_output=True, text=True, env=program.environment, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
