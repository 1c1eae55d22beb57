"""Where the Kafka brokers are, and how to log in there."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import Any

from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.kafka.sockets import use_own_sockets
from pikoci.pkg.queue.opening import QueueSettings

_PORT = 9092
_BROKER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
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
    brokers = [_broker(text.strip()) for text in settings.kafka_brokers.split(",") if text.strip()]
    if not brokers:
        raise QueueConfigurationError("KAFKA_BROKERS: no broker is named; write HOST:PORT, several with commas")
    encrypted = bool(settings.tls or settings.tls_ca or settings.tls_certificate)
    options: dict[str, Any] = {"bootstrap_servers": brokers, "client_id": "pikoci"}
    options["security_protocol"] = ("SASL_" if settings.user else "") + ("SSL" if encrypted else "PLAINTEXT")
    if settings.user:
        options |= _login(settings)
    if encrypted:
        options["ssl_context"] = _tls(settings)
    return KafkaAddress(",".join(brokers), options)


def _broker(text: str) -> str:
    match = _BROKER.fullmatch(text)
    port = int(match["port"] or _PORT) if match else 0
    if not match or not 0 < port < 65536:
        raise QueueConfigurationError(
            "KAFKA_BROKERS: not a list of brokers, such as kafka1:9092,kafka2:9092; "
            "user and password have settings of their own"
        )
    return f"{match['host']}:{port}"


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


def _tls(settings: QueueSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_certificate:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:
        raise QueueConfigurationError(f"the files for TLS can't be read: {error}") from error
    return use_own_sockets(context)
