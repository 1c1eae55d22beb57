"""A fleet of hosts with the inventory that makes a build farm of it: groups, variables, secrets in a vault."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bcrypt
import yaml

from tests.fleet.ansible import PROGRAM, Played, attempt, play
from tests.fleet.builds import Builds
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.machine import call
from tests.fleet.wheels import build_wheels, version_of, wheelhouse

USER = "tester"
PORT = 8080
SERVICES = [
    "'pikoci-*.service'",
    "'nats*.service'",
    "'rabbitmq*.service'",
    "'postgresql*.service'",
    "'haproxy*.service'",
]


class Farm:
    """Hosts in groups. `variables` may be changed; `play` tells Ansible about them.

    `first` is what the first play said, which found bare hosts.
    """

    first: Played

    def __init__(self, fleet: Fleet, groups: Mapping[str, Sequence[str]], **variables: Any) -> None:
        """Boot a host for each name in the groups and build the project's wheels. Raises FleetError."""
        self.fleet = fleet
        self.groups = groups
        fleet.add(*dict.fromkeys(name for members in groups.values() for name in members))
        self.wheels = build_wheels(fleet.folder)
        self.secrets = Secrets(fleet.folder)
        self.url = f"http://{self.servers[0].address}:{PORT}"
        self.variables: dict[str, Any] = {
            "pikoci_url": self.url,
            "pikoci_install_source": "wheel",
            "pikoci_install_wheelhouse": str(wheelhouse()),
            **self.release(0),
            "pikoci_batch": "100%",
            # A lost worker's builds are to run elsewhere soon.
            "pikoci_server_heartbeat_interval": "1s",
            "pikoci_server_lease": "10s",
            **variables,
        }

    @property
    def servers(self) -> list[Host]:
        """The hosts with a server."""
        return [self.fleet.hosts[name] for name in self.groups["pikoci_servers"]]

    @property
    def workers(self) -> list[Host]:
        """The hosts with workers that are still there."""
        return [self.fleet.hosts[name] for name in self.groups["pikoci_workers"] if name in self.fleet.hosts]

    def release(self, number: int) -> dict[str, str]:
        """The variables that name the older (0) or newer (1) version of the project."""
        wheel = self.wheels[number]
        return {"pikoci_version": version_of(wheel), "pikoci_install_wheel": str(wheel)}

    def play(self, playbook: str, *options: str) -> Played:
        """Play a playbook with the variables as they are now. Raises PlayError when it fails."""
        return play(playbook, self._inventory(), *options)

    def attempt(self, playbook: str, *options: str) -> Played:
        """Play a playbook that may fail."""
        return attempt(playbook, self._inventory(), *options)

    def builds(self) -> Builds:
        """Somebody who has logged in and set the pipeline."""
        return Builds(self.url).log_in(USER, self.secrets.password)

    def hold_builds(self) -> None:
        """Let builds of the job `held` go on, from now on."""
        for host in self.workers:
            host.inside("rm -f /run/release")

    def release_builds(self) -> None:
        """Let builds of the job `held` end."""
        for host in self.workers:
            host.inside("touch /run/release")

    def processes(self) -> dict[str, str]:
        """The main process of each service of the farm, as `host unit` -> process and count of restarts."""
        found = {}
        for name, host in self.fleet.hosts.items():
            shown = host.run(f"systemctl show --property=Id,MainPID,NRestarts {' '.join(SERVICES)}")
            for service in shown.strip().split("\n\n"):
                properties = dict(line.split("=", 1) for line in service.splitlines())
                found[f"{name} {properties.pop('Id')}"] = " ".join(sorted(properties.values()))
        return found

    def _inventory(self) -> Path:
        there = {group: [name for name in names if name in self.fleet.hosts] for group, names in self.groups.items()}
        return self.fleet.inventory(there, **self.variables)


class Secrets:
    """Made up for the run, and given to Ansible as an encrypted file beside the inventory."""

    def __init__(self, folder: Path) -> None:
        self.password = f"password-{secrets.token_hex(12)}"
        self._texts = {name: secrets.token_urlsafe(36) for name in ("jwt", "queue", "db")}
        hashed = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(rounds=4)).decode()
        self.jwt = self._texts["jwt"]
        self.hidden = [self.password, hashed, *self._texts.values()]
        vault = folder / "group_vars" / "all" / "vault.yml"
        vault.parent.mkdir(parents=True)
        vault.write_text(
            yaml.safe_dump(
                {
                    "pikoci_jwt_secret": self._texts["jwt"],
                    "pikoci_queue_password": self._texts["queue"],
                    "pikoci_db_password": self._texts["db"],
                    "pikoci_users": [f"{USER}:{hashed}"],
                    "pikoci_admin_user": USER,
                    "pikoci_admin_password": self.password,
                }
            )
        )
        self._password_file = folder / "vault-password"
        self._password_file.write_text(secrets.token_hex(16))
        self.encrypt(vault)

    def encrypt(self, path: Path) -> None:
        """Encrypt a file as it lies there, for Ansible alone."""
        call([PROGRAM.with_name("ansible-vault"), "encrypt", "--vault-password-file", self._password_file, path])
