"""The hosts of one run, and the removal of all that a run, this one or one that was killed, left on the machine."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.fleet.base import base_tree
from tests.fleet.cgroup import remove_cgroups
from tests.fleet.host import Host
from tests.fleet.machine import RUNS, call, require_hosts
from tests.fleet.network import Network, remove_network
from tests.fleet.ssh import Ssh, end_masters


class Fleet:
    """Hosts on one network. Leaving the `with` block removes every trace of them."""

    def __init__(self) -> None:
        """Make the network, without hosts. Raises FleetError where hosts can't be started."""
        require_hosts()
        self._base = base_tree()
        remove_leftovers()
        self.hosts: dict[str, Host] = {}
        with _choosing():
            self.folder = _new_folder()
            # Held for as long as this process lives, so that others can tell a killed run from a running one.
            self._alive = (self.folder / "alive").open("w")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
            try:
                self.network = Network(self.folder.name)
                self.ssh = Ssh(self.folder, self._base, self.network.subnet)
            except BaseException:
                _remove(self.folder)
                raise

    def add(self, *names: str) -> list[Host]:
        """Make hosts, known to one another by name, and boot them together."""
        for name in names:
            self.hosts[name] = Host(name, self.folder / name, self._base, self.network, self.ssh)
        self._introduce()
        added = [self.hosts[name] for name in names]
        for host in added:
            host.power_on()
        for host in added:
            host.wait_until_booted()
        return added

    def destroy(self, name: str) -> None:
        """Crash a host and remove it with all that was on it."""
        self.hosts.pop(name).destroy()

    def inventory(self, groups: Mapping[str, Iterable[str]], **variables: Any) -> Path:
        """Write an inventory of the hosts in these groups; every host gets the variables. Its path."""
        hosts = {name: {"ansible_host": host.address} for name, host in self.hosts.items()}
        everything = {"hosts": hosts, "vars": {**self.ssh.variables(), **variables}}
        children = {name: {"hosts": dict.fromkeys(members)} for name, members in groups.items()}
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump({"all": {**everything, "children": children}}, sort_keys=False))
        return path

    def close(self) -> None:
        """Remove every trace of the run."""
        for host in self.hosts.values():
            host.kill()
        with _choosing():  # nobody else must find the folder half removed
            _remove(self.folder)
        self._alive.close()

    def __enter__(self) -> Self:
        """Return the fleet itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _introduce(self) -> None:
        lines = ["127.0.0.1 localhost", *(f"{host.address} {name}" for name, host in self.hosts.items())]
        for host in self.hosts.values():
            (host.tree / "etc" / "hosts").write_text("\n".join(lines) + "\n")


def remove_leftovers() -> list[str]:
    """Remove what runs that were killed have left; the runs' names."""
    removed = []
    with _choosing():
        for folder in sorted(RUNS.iterdir()):
            with (folder / "alive").open("a") as alive:
                try:
                    fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                _remove(folder)
                removed.append(folder.name)
    return removed


def _new_folder() -> Path:
    while (folder := RUNS / secrets.token_hex(2)).exists():
        pass
    folder.mkdir()
    return folder


@contextmanager
def _choosing() -> Iterator[None]:
    """One run at a time chooses its name and subnet, or looks for leftovers."""
    RUNS.mkdir(parents=True, exist_ok=True)
    with (RUNS.parent / "runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove(folder: Path) -> None:
    run = folder.name
    end_masters(folder)
    remove_cgroups(run)
    _unmount_below(folder)
    remove_network(run)
    for machine in Path("/run/systemd/nspawn").glob(f"*/pf-{run}-*"):
        shutil.rmtree(machine)
    shutil.rmtree(folder)


def _unmount_below(folder: Path) -> None:
    """Unmount everything below a folder, the innermost first."""
    with Path("/proc/self/mountinfo").open() as table:
        points = [line.split()[4] for line in table]
    for point in reversed(points):
        if Path(os.fsdecode(point)).is_relative_to(folder):
            call(["umount", point])
