"""A spawner that must leave nothing behind, and ways to look at real processes.

Commands run as the worker's own user and, in a second round where this process may, as another one.
"""

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, Protocol

import gevent
import pytest

from pikoci.internal.worker.process import ExitResult, Invocation, Spawner, User, sweep_leftovers
from pikoci.internal.worker.process.supervision.family import parent_and_group, pids

PATH = "/usr/local/bin:/usr/bin:/bin"
DEADLINE_SECONDS = 10.0
_CAP_SETUID = 1 << 7


def may_change_users() -> bool:
    """Tell whether commands may run as other users: as root, or by ambient capabilities."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return os.geteuid() == 0 or any(line.startswith("CapAmb:") and int(line[7:], 16) & _CAP_SETUID for line in lines)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """Give the condition's first true value; fail when there is none in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        value = condition()
        if value:
            return value
        gevent.sleep(0.005)
    raise AssertionError(f"not within {seconds} s: {what}")


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return line[line.rindex(")") + 2] not in "ZX"


def children(parent: int) -> list[int]:
    """List the living children of a process."""
    entries = ((pid, parent_and_group(pid)) for pid in pids())
    return [pid for pid, entry in entries if entry and entry[0] == parent and is_alive(pid)]


def read_pid(path: Path) -> int:
    """Wait for a process to write its pid into a file, and give it."""
    return int(wait_until(lambda: path.exists() and path.read_text().strip(), f"a pid in {path}"))


def open_descriptors() -> set[int]:
    """List this process's open descriptors."""
    return {fd for fd in range(1024) if Path(f"/proc/self/fd/{fd}").is_symlink()}


class Shell(Protocol):
    """Runs a shell script; ``result, output = shell("echo hello")``."""

    def __call__(self, script: str, **options: Any) -> tuple[ExitResult, bytes]: ...


@pytest.fixture(params=["own", "other"] if may_change_users() else ["own"])
def user(request: pytest.FixtureRequest) -> User | None:
    """Whom commands run as, a user of this test process alone; None for its own."""
    if request.param == "own":
        return None
    number = 200_000 + os.getpid() % 100_000
    return User(number, number)


@pytest.fixture
def tmp_path(user: User | None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A directory of the user; pytest's own lets nobody else in."""
    if user is None:
        yield tmp_path_factory.mktemp("own")
        return
    path = Path(tempfile.mkdtemp(prefix="pikoci-test-"))
    os.chown(path, user.uid, user.gid)
    user.tmp = str(path)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def mark() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def spawner(mark: str) -> Generator[Spawner]:
    spawner = Spawner(mark)
    spawner.start()
    before = open_descriptors()
    yield spawner
    spawner.close()
    assert sweep_leftovers(mark) == 0
    assert open_descriptors() <= before


@pytest.fixture
def run(spawner: Spawner, tmp_path: Path, user: User | None) -> Callable[..., tuple[ExitResult, bytes]]:
    def run(argv: Sequence[str], *, env: dict[str, str] | None = None, cwd: Path = tmp_path, **options: Any) -> Any:
        chunks: list[bytes] = []
        command = Invocation(argv, str(cwd), {"PATH": PATH} if env is None else env, options.pop("stdin", None), user)
        result = spawner.run(command, options.pop("on_output", chunks.append), **options)
        return result, b"".join(chunks)

    return run


@pytest.fixture
def shell(run: Callable[..., tuple[ExitResult, bytes]]) -> Shell:
    def shell(script: str, **options: Any) -> tuple[ExitResult, bytes]:
        return run(["sh", "-c", script], **options)

    return shell


@pytest.fixture
def bash(run: Callable[..., tuple[ExitResult, bytes]]) -> Shell:
    def bash(script: str, **options: Any) -> tuple[ExitResult, bytes]:
        return run(["bash", "-c", script], **options)

    return bash
