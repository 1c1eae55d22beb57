"""Services that all processes of a test run share: who needs one first starts it, and it ends with the run."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest


class Lasting(Protocol):
    """A service that can be left to the run."""

    def hand_over(self, run: Path) -> None:
        """Let it go on without this process, until nobody holds a lock on the file `run`."""


class TestRun:
    """What all processes of a run have in common: a file, locked by the first of them for as long as that lives."""

    __test__ = False

    def __init__(self) -> None:
        """Begin the run."""
        self._folder = Path(tempfile.mkdtemp(prefix="pikoci-tests-"))
        self.file = self._folder / "run"
        self._lock = self.file.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """End the run, and with it the services that were handed over to it."""
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def shared(run: Path, name: str, start: Callable[[], tuple[Lasting, str]]) -> str:
    """Where the run's service of this name is; the first process that asks starts it."""
    told = run.with_name(name)
    with run.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            service, address = start()
            service.hand_over(run)
            told.write_text(address)
        return told.read_text()


_RUN = pytest.StashKey[TestRun]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run, in the process that no other started."""
    if not hasattr(config, "workerinput"):
        config.stash[_RUN] = TestRun()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run."""
    if _RUN in config.stash:
        config.stash[_RUN].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell xdist's workers of the run."""
    node.workerinput["run"] = str(node.config.stash[_RUN].file)


@pytest.fixture(scope="session")
def run_file(pytestconfig: pytest.Config) -> Path:
    """The file of this test run; see `shared`."""
    told: dict[str, Any] = getattr(pytestconfig, "workerinput", {})
    return Path(told["run"]) if told else pytestconfig.stash[_RUN].file
