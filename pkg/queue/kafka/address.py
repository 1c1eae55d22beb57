"""Where the Kafka brokers are, and how to log in there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pikoci.pkg.queue.address import read_servers
from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.opening import QueueSettings
from pikoci.pkg.queue.tls import tls_context, wants_tls

_PORTS = {"": 9092}
_EXAMPLE = "kafka1:9092,kafka2:9092; user and password have settings of their own"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class Secret(str):
    """A password that does not show itself where the client library logs its settings."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """`name` is for people and never holds a password; `options` are for every client of the library."""

    name: str
    options: dict[str, Any] = field(repr=False)


def read_address(settings: QueueSettings) -> KafkaAddress:
    """Read the settings for Kafka. Raises QueueConfigurationError, which names the setting that can't be right."""
    servers = read_servers(settings.kafka_brokers, "KAFKA_BROKERS", _PORTS, _EXAMPLE)
    if any(each.user is not None for each in servers):
        raise QueueConfigurationError(f"KAFKA_BROKERS: not a list of brokers, such as {_EXAMPLE}")
    brokers = [each.location for each in servers]
    encrypted = wants_tls(settings)
    options: dict[str, Any] = {"bootstrap_servers": brokers, "client_id": "pikoci"}
    options["security_protocol"] = ("SASL_" if settings.user else "") + ("SSL" if encrypted else "PLAINTEXT")
    if settings.user:
        options |= _login(settings)
    if encrypted:
        options["ssl_context"] = tls_context(settings)
    return KafkaAddress(",".join(brokers), options)


def _login(settings: QueueSettings) -> dict[str, str]:
    mechanism = settings.kafka_sasl_mechanism.upper()
    if mechanism not in MECHANISMS:
        raise QueueConfigurationError(
            f"KAFKA_SASL_MECHANISM: {settings.kafka_sasl_mechanism!r} is not known; use one of {', '.join(MECHANISMS)}"
        )
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": settings.user or "",
        "sasl_plain_password": Secret(settings.password or ""),
    }
