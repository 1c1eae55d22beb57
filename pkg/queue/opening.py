"""Open the backend that a setting names; only its own client library is imported."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pikoci.pkg.queue.backend import Backend, QueueConfigurationError

SYSTEMS = ("mem", "nats", "rabbit", "kafka")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Where the brokers are and how to log in; only those of the chosen system are looked at. Times are in seconds.

    Passwords may be in the addresses, or in `user` and `password`. `redelivery` is how long a message may be held; it
    comes again about then, if not sooner, when its consumer died or was cut off. `slots` is how many messages each
    subscription holds at once. `consumer` is a name of this process alone, the same after a restart. `kafka_partitions`
    is how many consumers can share a queue that this process makes.
    """

    prefix: str = "pikoci"
    nats_url: str = field(default="nats://127.0.0.1:4222", repr=False)
    nats_credentials: Path | None = None
    rabbit_url: str = field(default="amqp://guest:guest@127.0.0.1:5672/", repr=False)
    kafka_brokers: str = "127.0.0.1:9092"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_partitions: int = 32
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    publish_timeout: float = 5.0
    redelivery: float = 30.0
    slots: int = 32
    consumer: str | None = None


def open_backend(system: str, settings: QueueSettings) -> Backend:
    """Open a backend by the name of its system. The broker need not be there yet: calls raise until it is.

    Raises QueueConfigurationError, which names the setting, for an unknown system or a bad address.
    """
    if not _PREFIX.fullmatch(settings.prefix):
        raise QueueConfigurationError(
            f"QUEUE_PREFIX: {settings.prefix!r} is not a valid prefix; use 1 to 40 letters, digits and dashes"
        )
    match system:
        case "mem":
            from pikoci.pkg.queue.mem import MemoryBackend

            return MemoryBackend()
        case "nats":
            from pikoci.pkg.queue.nats import NatsBackend

            return NatsBackend(settings)
        case "rabbit":
            from pikoci.pkg.queue.rabbit import RabbitBackend

            return RabbitBackend(settings)
        case "kafka":
            from pikoci.pkg.queue.kafka import open_kafka

            return open_kafka(settings)
    raise QueueConfigurationError(f"PUBSUB_SYSTEM: {system!r} is not known; use one of {', '.join(SYSTEMS)}")
