"""A fleet of hosts with the inventory that makes a build farm of it: groups, variables, secrets in a vault."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bcrypt
import yaml

from tests.fleet.ansible import PROGRAM, Played, attempt, play
from tests.fleet.builds import Builds
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.machine import call
from tests.fleet.wheels import built_wheels, version_of, wheelhouse

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
    """Hosts in groups. `groups` and `variables` may be changed; `play` tells Ansible about them.

    `first` is what the first play said, which found bare hosts.
    """

    first: Played

    def __init__(self, fleet: Fleet, groups: Mapping[str, list[str]], **variables: Any) -> None:
        """Boot a host for each name in the groups and find the project's wheels. Raises FleetError."""
        self.fleet = fleet
        self.groups = dict(groups)
        fleet.add(*dict.fromkeys(name for members in groups.values() for name in members))
        self.wheels = built_wheels()
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
        """The hosts with workers that are still there; without a group of them, the server's has one embedded."""
        names = self.groups.get("pikoci_workers", self.groups["pikoci_servers"])
        return [self.fleet.hosts[name] for name in names if name in self.fleet.hosts]

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
            for service in filter(None, shown.strip().split("\n\n")):
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
        hashed = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(rounds=4)).decode()
        jwt, key, queue, database = (new_secret() for _ in range(4))
        self.hidden = [self.password, hashed, jwt, key, queue, database]
        self.variables = {
            "pikoci_jwt_secret": jwt,
            "pikoci_secret_key": key,
            "pikoci_queue_password": queue,
            "pikoci_db_password": database,
            "pikoci_users": [f"{USER}:{hashed}"],
            "pikoci_admin_user": USER,
            "pikoci_admin_password": self.password,
        }
        self._vault = folder / "group_vars" / "all" / "vault.yml"
        self._vault.parent.mkdir(parents=True, exist_ok=True)
        self._password_file = folder / "vault-password"
        self._password_file.write_text(secrets.token_hex(16))
        self.change()

    @property
    def jwt(self) -> str:
        """The secret that signs tokens."""
        return str(self.variables["pikoci_jwt_secret"])

    @property
    def key(self) -> str:
        """What encrypts secrets in the database."""
        return str(self.variables["pikoci_secret_key"])

    def change(self, **values: Any) -> None:
        """Give variables of the vault other values."""
        self.variables |= values
        self._vault.write_text(yaml.safe_dump(self.variables))
        self.encrypt(self._vault)

    def encrypt(self, path: Path) -> None:
        """Encrypt a file as it lies there, for Ansible alone."""
        call([PROGRAM.with_name("ansible-vault"), "encrypt", "--vault-password-file", self._password_file, path])


def new_secret() -> str:
    """Make up a secret that nobody guesses."""
    return secrets.token_urlsafe(36)


def small_farm(fleet: Fleet) -> Farm:
    """Bare hosts for a server with NATS beside it, and two with workers."""
    groups = {"pikoci_servers": ["ci1"], "pikoci_nats": ["ci1"], "pikoci_workers": ["w1", "w2"]}
    common = {"drain_timeout": "1m"}  # a host that fails is noticed after so long
    jobs = {"name": "jobs", "queues": "jobs", "concurrency": 4, "tags": ["{{ inventory_hostname }}"], **common}
    checks = {"name": "checks", "queues": "checks", **common}
    settings = {"pikoci_worker_start_limit": "30s", "pikoci_worker_fs_roots": ["/srv/ci/{team}"]}
    return Farm(fleet, groups, pikoci_worker_instances=[jobs, checks], **settings)
