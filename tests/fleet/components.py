"""The brokers and the database, each by its role alone, and PikoCI's own client of their queues."""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path
from typing import Any

from pikoci.pkg.queue import Backend, QueueSettings, QueueUnavailableError, open_backend
from tests.fleet.fleet import Fleet
from tests.fleet.kafka import checksum, kafka_archive
from tests.fleet.roles import Roles, make_certificate, own_address

HOSTS = {"pikoci_nats": "mq1", "pikoci_rabbitmq": "mq2", "pikoci_kafka": "mq3", "pikoci_postgresql": "db1"}
EXCHANGE_SECONDS = 60.0


class Components(Roles):
    """Three brokers and a database, whose users this machine is."""

    def __init__(self, fleet: Fleet) -> None:
        """Boot the hosts. Raises FleetError."""
        archive = kafka_archive()
        super().__init__(
            fleet,
            HOSTS,
            pikoci_queue_password=f"queue-{secrets.token_hex(12)}",
            pikoci_db_password=f"it's a database-{secrets.token_hex(12)}",
            pikoci_kafka_archive=str(archive),
            pikoci_kafka_checksum=checksum(archive),
            pikoci_kafka_heap="256m",
            pikoci_rabbitmq_disk_reserve="50MB",
            pikoci_postgresql_clients=[own_address(fleet)],
        )

    @property
    def passwords(self) -> list[str]:
        """What nobody may see."""
        return [value for name, value in self.variables.items() if name.endswith("_password")]

    def queue(self, system: str, **changes: Any) -> Backend:
        """PikoCI's own client of a broker, on this machine."""
        tls = self.variables.get("pikoci_queue_tls", False)
        settings: dict[str, Any] = {
            "nats_url": f"nats://{self.host('pikoci_nats').address}:4222",
            "rabbit_url": f"amqp://{self.host('pikoci_rabbitmq').address}:{5671 if tls else 5672}",
            "kafka_brokers": f"{self.host('pikoci_kafka').address}:9092",
            "user": "pikoci",
            "password": self.variables["pikoci_queue_password"],
            "tls": tls,
        }
        return open_backend(system, QueueSettings(**{**settings, **changes}))

    def use_tls(self) -> Path:
        """Make a certificate for the brokers and name it in the variables; it vouches for itself."""
        certificate, key = make_certificate(self.fleet.folder, *(host.address for host in self.fleet.hosts.values()))
        self.variables["pikoci_queue_tls"] = True
        for broker in ("nats", "rabbitmq", "kafka"):
            self.variables[f"pikoci_{broker}_tls_certificate"] = str(certificate)
            self.variables[f"pikoci_{broker}_tls_key"] = str(key)
        return certificate


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
            try:
                delivery = subscription.receive(1.0)
            except QueueUnavailableError:
                continue  # the broker may be starting
            if delivery is None:
                continue
            delivery.acknowledge()
            if delivery.body == body:
                return
    raise AssertionError("the message did not come")
