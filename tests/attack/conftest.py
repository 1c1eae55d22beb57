"""The sites that are attacked, one for each way to run."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attack import processes
from tests.attack.accounts import accounts, is_alive, remove_stale_accounts
from tests.attack.site import PROBES, WAYS, Site, running_site
from tests.services.pikoci import PIKOCI
from tests.services.requirement import missing, program

PLACE = Path("/var/lib")
PREFIX = "pikoci-attack-"
BUILDERS = 4


def remove_stale_places() -> None:
    """End, unmount and remove what runs left that are over."""
    for place in PLACE.glob(f"{PREFIX}*"):
        if not is_alive(place.name.removeprefix(PREFIX).split("-")[0]):
            for pid in processes.with_argument(f"{place}/"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            remove_place(place)


def remove_place(place: Path) -> None:
    """Unmount and remove a base directory, also what is immutable in it."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{place}/")]):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    subprocess.run(["chattr", "-R", "-f", "-i", str(place)], check=False, capture_output=True)
    shutil.rmtree(place, ignore_errors=True)


def require_passable() -> None:
    """Builds run the program's own Python, and probes, as users that are strangers here."""
    for path in (Path(PIKOCI).resolve(), PROBES.resolve()):
        closed = [parent for parent in path.parents if not parent.stat().st_mode & stat.S_IXOTH]
        if closed:
            missing("attack", f"other users cannot pass {closed[0]}")


@pytest.fixture(scope="session", params=WAYS)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server and a worker apart, that run this way; for all tests of the process."""
    if os.geteuid() != 0:
        missing("attack", "it takes root to make users")
    for name in ("setpriv", "unshare", "useradd", "chattr", "git"):
        program("attack", name)
    require_passable()
    remove_stale_places()
    remove_stale_accounts()
    way = request.param
    base = PLACE / f"{PREFIX}{os.getpid()}-{way}"
    with accounts(way, BUILDERS) as (group, user):
        try:
            with running_site(base, way, group, user) as running:
                yield running
        finally:
            remove_place(base)


@pytest.fixture(params=("embedded", "apart"))
def kind(request: pytest.FixtureRequest) -> str:
    """Which worker is attacked: the server's own, or one in a process of its own."""
    return str(request.param)
