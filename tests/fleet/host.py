"""One host: boots, is reached by SSH, crashes, loses its network, and goes without a trace."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection
from pathlib import Path

from tests.fleet.base import ADMIN
from tests.fleet.cgroup import Cgroup
from tests.fleet.machine import FleetError, call
from tests.fleet.network import Network
from tests.fleet.ssh import Ssh

BOOT_ID = "/proc/sys/kernel/random/boot_id"
BOOT_SECONDS = 60.0
POLL_SECONDS = 0.1
POWER_OFF, REBOOT = signal.SIGRTMIN + 4, signal.SIGRTMIN + 5  # to systemd; see systemd(1), SIGNALS

# As a user without any rights: what can be read, apart from what the kernel shows and Java's libraries.
READ = "runuser -u nobody -- grep -rlsF --file=- --devices=skip --exclude-dir={proc,sys,dev,libs} / || true"
LISTED = "ps -ww -e -o args"

# Puts itself into the cgroups, then runs the host, again after each reboot (status 133).
SUPERVISOR = """\
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done
shift
while "$@"; status=$?; [ "$status" = 133 ]; do :; done
exit "$status"
"""


class Host:
    """A machine; `folder` holds its mount and what it changed of the base tree."""

    def __init__(self, name: str, folder: Path, base: Path, network: Network, ssh: Ssh) -> None:
        """Make the host, powered off. Raises FleetError."""
        self.name = name
        self.tree = folder / "tree"
        self.console = folder / "console.log"
        self.address = network.add(name)
        self._network = network
        self._ssh = ssh
        self._cgroup = Cgroup(network.run, name)
        self._supervisor: subprocess.Popen[bytes] | None = None
        upper, work = folder / "changes", folder / "work"
        for path in (self.tree, upper, work):
            path.mkdir(parents=True)
        layers = f"volatile,lowerdir={base},upperdir={upper},workdir={work}"  # nothing needs to outlive the machine
        call(["mount", "-t", "overlay", "overlay", "-o", layers, self.tree])
        (self.tree / "etc" / "hostname").write_text(f"{name}\n")
        ssh.authorize(self.tree)

    @property
    def is_up(self) -> bool:
        """Whether it is powered on, reachable or not."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def power_on(self) -> None:
        """Start it, without waiting for anything."""
        nspawn = ["systemd-nspawn", "--quiet", f"--directory={self.tree}", "--boot", "--register=no", "--keep-unit"]
        nspawn += [f"--machine={self._network.namespace(self.name)}", f"--hostname={self.name}"]
        nspawn += [f"--network-namespace-path=/run/netns/{self._network.namespace(self.name)}"]
        nspawn += ["--resolv-conf=off", "--timezone=off", "--link-journal=no"]
        with self.console.open("ab") as console:
            self._supervisor = subprocess.Popen(
                ["sh", "-c", SUPERVISOR, "sh", *map(str, self._cgroup.folders), "--", *nspawn],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def boot(self) -> None:
        """Start it and wait until all of its units have started."""
        self.power_on()
        self.wait_until_booted()

    def wait_until_booted(self) -> None:
        """Wait until SSH answers and systemd has nothing left to start. Raises FleetError."""
        self.wait_for(self._has_booted, "SSH to answer and all units to start", BOOT_SECONDS)

    def shut_down(self) -> None:
        """Power it off in order and wait."""
        self._signal(POWER_OFF)
        self.wait_for(lambda: not self.is_up, "the host to power off")

    def crash(self) -> None:
        """Kill its process 1, and with it every other, as a power cut does."""
        self._signal(signal.SIGKILL)
        self.wait_for(lambda: not self.is_up, "the host to be dead")

    def kill(self) -> None:
        """Kill all of its processes, whatever state it is in; it can't be powered on again."""
        with contextlib.suppress(FleetError):
            self.crash()  # first, and all at once: one that lives on would tell of another's death
        self._cgroup.remove()
        if self._supervisor is not None:
            self._supervisor.wait()

    def destroy(self) -> None:
        """Remove it, running or not, with all that was on it."""
        self.kill()
        call(["umount", self.tree])
        self._network.remove(self.name)
        shutil.rmtree(self.tree.parent)

    def reboot(self) -> None:
        """Reboot in order and wait until it has booted again."""
        before = self.boot_id()
        self._signal(REBOOT)
        self.wait_for(lambda: self.boot_id() not in {"", before}, "the host to come back", BOOT_SECONDS)
        self.wait_until_booted()

    def cut(self) -> None:
        """Cut it off the network."""
        self._network.cut(self.name)

    def rejoin(self) -> None:
        """Undo `cut`."""
        self._network.rejoin(self.name)

    def run(self, command: str, *, timeout: float = 60, text: str = "") -> str:
        """Run a shell command as root, by SSH, `text` as its input; its output. Raises FleetError when it fails."""
        return call([*self._ssh.command(self.address), command], timeout=timeout, text=text)

    def run_as_admin(self, commands: str) -> str:
        """Run shell commands as the user who may use sudo, up to the first that fails; their output."""
        return self.run(f"runuser --login {ADMIN} --command 'bash -e'", text=commands)

    def succeeds(self, command: str) -> bool:
        """Tell whether a shell command can be run and exits with 0."""
        try:
            self.run(command)
        except FleetError:
            return False
        return True

    def inside(self, command: str, *, timeout: float = 60) -> str:
        """Run a shell command as `run` does, but from within: the network need not work."""
        first = self._cgroup.first_process()
        if first is None:
            raise FleetError(f"{self.name} is powered off")
        return call(["nsenter", f"--target={first}", "--all", "sh", "-c", command], timeout=timeout)

    def journal(self, unit: str, *options: str) -> str:
        """What a unit logged, from every boot; also of a host that is off or cut off."""
        where = self.tree / "var" / "log" / "journal"
        shown = ["--no-pager", "--output=short-precise", f"--unit={unit}", *options]
        return call(["journalctl", f"--directory={where}", *shown])

    def unit(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, such as MainPID."""
        names = ",".join(properties)
        lines = self.run(f"systemctl show {shlex.quote(unit)} --property={names}").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def exposed(self, secrets: Collection[str]) -> list[str]:
        """Files that every user can read and processes that show one of the secrets, each a line."""
        patterns = "".join(f"{secret}\n" for secret in secrets)
        processes = [line for line in self.run(LISTED).splitlines() if any(secret in line for secret in secrets)]
        return [*self.run(READ, text=patterns, timeout=120).splitlines(), *processes]

    def boot_id(self) -> str:
        """Tell one boot from another; empty while there is none.

        Read from outside: a shutdown waits a minute and a half for a process that entered, whose parent it is not.
        """
        try:
            found = Path(f"/proc/{self._cgroup.first_process()}/root{BOOT_ID}").read_text().strip()
        except OSError:
            return ""
        # nspawn makes one up at each start; before that, process 1 sees this machine's.
        return "" if found == Path(BOOT_ID).read_text().strip() else found

    def wait_for(self, condition: Callable[[], object], what: str, timeout: float = 60) -> None:
        """Wait until the condition holds. Raises FleetError, with the console's end, when it does not in time."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                end = self.console.read_text(errors="replace")[-2000:]
                raise FleetError(f"{self.name}: waited {timeout:g} s in vain for {what}; its console ends:\n{end}")
            time.sleep(POLL_SECONDS)

    def _has_booted(self) -> bool:
        try:
            state = self.run("systemctl is-system-running --wait || true", timeout=BOOT_SECONDS).strip()
        except FleetError:
            if not self.is_up:
                raise FleetError(f"{self.name} ended: {self.console.read_text(errors='replace')[-2000:]}") from None
            return False
        return state in {"running", "degraded"}

    def _signal(self, number: int) -> None:
        first = self._cgroup.first_process()
        if first is None:
            raise FleetError(f"{self.name} is powered off")
        os.kill(first, number)
