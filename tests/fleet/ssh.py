"""The key that a run makes, and what `ssh` and Ansible are told so that they use it and know the hosts."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from tests.fleet.base import ADMIN
from tests.fleet.machine import FleetError, call


class Ssh:
    """A key pair, and the key by which the hosts are known: they share the base tree's."""

    def __init__(self, folder: Path, base: Path, subnet: str) -> None:
        """Make the key pair in `folder`. Raises FleetError."""
        self.key = folder / "key"
        self.known_hosts = folder / "known_hosts"
        self.masters = folder / "ssh"
        self.masters.mkdir()
        call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f", self.key])
        host_key = (base / "etc" / "ssh" / "ssh_host_ed25519_key.pub").read_text().split()[:2]
        addresses = subnet.rpartition(".")[0] + ".*"
        self.known_hosts.write_text(f"{addresses} {' '.join(host_key)}\n")

    def authorize(self, tree: Path) -> None:
        """Let the key into a host, as root and as the administrator."""
        public = self.key.with_suffix(".pub")
        for home in (tree / "root", tree / "home" / ADMIN):
            target = home / ".ssh" / "authorized_keys"
            shutil.copy(public, target)
            owner = home.stat()
            shutil.chown(target, owner.st_uid, owner.st_gid)

    def command(self, address: str) -> list[str]:
        """What runs a command that is appended, as root."""
        return ["ssh", "-F", "/dev/null", "-i", str(self.key), *self._options(), f"root@{address}"]

    def variables(self) -> dict[str, str]:
        """What Ansible is told."""
        return {
            "ansible_user": ADMIN,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-F /dev/null {' '.join(self._options())}",
            "ansible_control_path_dir": str(self.masters),
        }

    def _options(self) -> list[str]:
        settings = {
            "BatchMode": "yes",
            "ConnectTimeout": "5",
            "IdentitiesOnly": "yes",
            "LogLevel": "ERROR",
            "ServerAliveCountMax": "3",
            "ServerAliveInterval": "5",
            "UserKnownHostsFile": str(self.known_hosts),
        }
        return [f"-o{name}={value}" for name, value in settings.items()]


def end_masters(folder: Path) -> None:
    """End the connections that Ansible keeps open in a run's folder."""
    for socket in (folder / "ssh").glob("*"):
        with suppress(FleetError):  # it ended by itself
            call(["ssh", "-F", "/dev/null", "-O", "exit", f"-oControlPath={socket}", "host"])
