"""The settings of the queue between server and workers, the same for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from pikoci.internal.domain.errors import InvalidError
from pikoci.pkg.queue.backend import Backend, QueueConfigurationError
from pikoci.pkg.queue.opening import SYSTEMS, QueueSettings, open_backend
from pikoci.shared.options import setting, switch

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DEFAULTS = QueueSettings()
_PARTITIONS = "Partitions of topics that are made: so many workers can share one queue."

#: Parameter of a command -> field of QueueSettings.
_FIELDS = {
    "queue_prefix": "prefix",
    "nats_server_url": "nats_url",
    "nats_creds": "nats_credentials",
    "rabbit_server_url": "rabbit_url",
    "kafka_brokers": "kafka_brokers",
    "kafka_sasl_mechanism": "kafka_sasl_mechanism",
    "kafka_partitions": "kafka_partitions",
    "queue_user": "user",
    "queue_password": "password",
    "queue_tls": "tls",
    "queue_tls_ca": "tls_ca",
    "queue_tls_certificate": "tls_certificate",
    "queue_tls_key": "tls_key",
}

_OPTIONS = (
    setting("--pubsub-system", default="mem", type=click.Choice(SYSTEMS), help="Queue between server and workers."),
    setting(
        "--nats-server-url",
        default=_DEFAULTS.nats_url,
        secret=True,
        help="Where NATS is; several, with commas between.",
    ),
    setting("--nats-creds", type=_FILE, help="NATS credentials file."),
    setting(
        "--rabbit-server-url",
        default=_DEFAULTS.rabbit_url,
        secret=True,
        help="Where RabbitMQ is, with user and password.",
    ),
    setting("--kafka-brokers", default=_DEFAULTS.kafka_brokers, help="Where Kafka is: HOST:PORT, with commas between."),
    setting("--kafka-sasl-mechanism", default=_DEFAULTS.kafka_sasl_mechanism, help="How to log in at Kafka."),
    setting("--kafka-partitions", default=_DEFAULTS.kafka_partitions, type=click.IntRange(1, 1000), help=_PARTITIONS),
    setting("--queue-prefix", default=_DEFAULTS.prefix, help="Begins the queues' names, where a broker is shared."),
    setting("--queue-user", default="", help="The broker's user, instead of one in its address."),
    setting(
        "--queue-password",
        default="",
        secret=True,
        help="Its password; prefer the variable, which `ps` does not show.",
    ),
    switch("--queue-tls", default=False, help="Talk to the broker by TLS."),
    setting("--queue-tls-ca", type=_FILE, help="Certificates that the broker's is checked against."),
    setting("--queue-tls-certificate", type=_FILE, help="Client certificate for the broker …"),
    setting("--queue-tls-key", type=_FILE, help="… and its key."),
)


def queue_options(function: Decorated) -> Decorated:
    """Declare every setting of the queue; `read_queue_settings` takes them out of the command's values."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_queue_settings(values: dict[str, Any]) -> QueueSettings:
    """Take the broker's settings out of `values`; `pubsub_system` stays."""
    given = {field: values.pop(name) for name, field in _FIELDS.items()}
    return QueueSettings(**{field: value for field, value in given.items() if value not in {None, ""}})


def open_queue(system: str, settings: QueueSettings, consumer: str, slots: int) -> Backend:
    """Open the queue; the broker need not be there yet. `consumer` names this process, also after a restart.

    Each subscription is for so many `slots`.

    Raises InvalidError, which names the setting that is wrong.
    """
    try:
        return open_backend(system, replace(settings, consumer=consumer, slots=slots))
    except QueueConfigurationError as error:
        raise InvalidError(str(error)) from error
    except ImportError as error:
        raise InvalidError(f"--pubsub-system {system} cannot be used: {error}", hint="choose another one") from error
