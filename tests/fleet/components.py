"""The brokers, the database and the proxy, each by its role alone on a host of its own."""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path
from typing import Any

from pikoci.pkg.queue import Backend, QueueSettings, QueueUnavailableError, open_backend
from tests.fleet.ansible import Played, attempt, play
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.kafka import checksum, kafka_archive
from tests.fleet.machine import call

HOSTS = {"pikoci_nats": "mq1", "pikoci_rabbitmq": "mq2", "pikoci_kafka": "mq3", "pikoci_postgresql": "db1"}
EXCHANGE_SECONDS = 60.0

# A host's only group is named like the role that it gets. Hosts don't wait for one another.
PLAYBOOK = """\
- name: Play each host's role
  hosts: all
  become: true
  strategy: free
  tasks:
    - name: Play the role
      ansible.builtin.include_role:
        name: "{{ group_names | first }}"
        tasks_from: "{{ entry | default('main') }}"
"""


class Components:
    """Hosts with one role each; `variables` may be changed between plays."""

    def __init__(self, fleet: Fleet) -> None:
        """Boot the hosts. Raises FleetError."""
        self.fleet = fleet
        self._hosts = dict(zip(HOSTS, fleet.add(*HOSTS.values()), strict=True))
        self._playbook = fleet.folder / "component.yml"
        self._playbook.write_text(PLAYBOOK)
        archive = kafka_archive()
        self.variables: dict[str, Any] = {
            "pikoci_queue_password": f"queue-{secrets.token_hex(12)}",
            "pikoci_db_password": f"it's a database-{secrets.token_hex(12)}",
            "pikoci_kafka_archive": str(archive),
            "pikoci_kafka_checksum": checksum(archive),
            "pikoci_kafka_heap": "256m",
            "pikoci_rabbitmq_disk_reserve": "50MB",
            "pikoci_postgresql_clients": [self.own_address],
        }

    @property
    def own_address(self) -> str:
        """This machine's address, as the hosts see it."""
        return self.fleet.network.subnet.rpartition(".")[0] + ".1"

    @property
    def passwords(self) -> list[str]:
        """What nobody may see."""
        return [value for name, value in self.variables.items() if name.endswith("_password")]

    def host(self, role: str) -> Host:
        """The host that has the role."""
        return self._hosts[role]

    def play(self, *options: str, **changes: Any) -> Played:
        """Play the roles, with some variables changed for this once. Raises PlayError."""
        return play(str(self._playbook), self._inventory(changes), *options)

    def attempt(self, *options: str, **changes: Any) -> Played:
        """Play the roles; they may fail."""
        return attempt(str(self._playbook), self._inventory(changes), *options)

    def queue(self, system: str, **changes: Any) -> Backend:
        """PikoCI's own client of a broker, on this machine."""
        addresses = {
            "nats_url": f"nats://{self.host('pikoci_nats').address}:4222",
            "rabbit_url": f"amqp://{self.host('pikoci_rabbitmq').address}",
            "kafka_brokers": f"{self.host('pikoci_kafka').address}:9092",
        }
        login = {"user": "pikoci", "password": self.variables["pikoci_queue_password"]}
        tls = {"tls": True, "tls_ca": self.fleet.folder / "cert.pem"} if "pikoci_queue_tls" in self.variables else {}
        return open_backend(system, QueueSettings(**{**addresses, **login, **tls, **changes}))

    def use_tls(self) -> None:
        """Make a certificate for the brokers and name it in the variables."""
        key, certificate = self.fleet.folder / "key.pem", self.fleet.folder / "cert.pem"
        names = ",".join(f"IP:{host.address}" for host in self._hosts.values())
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
        made += ["-subj", "/CN=brokers", "-addext", f"subjectAltName={names}", "-keyout", str(key)]
        call([*made, "-out", str(certificate)])
        self.variables["pikoci_queue_tls"] = True
        for broker in ("nats", "rabbitmq", "kafka"):
            self.variables[f"pikoci_{broker}_tls_certificate"] = str(certificate)
            self.variables[f"pikoci_{broker}_tls_key"] = str(key)

    def _inventory(self, changes: dict[str, Any]) -> Path:
        groups = {role: [host.name] for role, host in self._hosts.items()}
        return self.fleet.inventory(groups, **{**self.variables, **changes})


def publish(queue: Backend) -> bytes:
    """Publish a message as soon as the broker takes it; its body."""
    body = uuid.uuid4().hex.encode()
    deadline = time.monotonic() + EXCHANGE_SECONDS
    while True:
        try:
            queue.publish("jobs", body)
        except QueueUnavailableError:
            if time.monotonic() > deadline:
                raise
        else:
            return body


def receive(queue: Backend, body: bytes) -> None:
    """Receive messages until this one comes; fails when it doesn't in time."""
    deadline = time.monotonic() + EXCHANGE_SECONDS
    with queue.subscribe(["jobs"]) as subscription:
        while time.monotonic() < deadline:
            delivery = subscription.receive(1.0)
            if delivery is None:
                continue
            delivery.acknowledge()
            if delivery.body == body:
                return
    raise AssertionError("the message did not come")
