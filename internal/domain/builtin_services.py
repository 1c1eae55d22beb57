"""The services built into a worker: names and params. A service type of the pipeline wins over one of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from pikoci.internal.domain.builtin import Param


class BuiltinService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that a worker runs as a local process, if the program is on its machine."""

    name: str
    description: str
    params: tuple[Param, ...] = ()
    supported: bool = True


_VERSION = Param("version", "string", "The version wanted, such as `15` or `7.0`; the one that is there by default.")
_PORT = Param("port", "number", "The port on 127.0.0.1; a free one by default.")
_PASSWORD = Param("password", "string", "The password of its user; a random one by default.", sensitive=True)

_RUN_HERE = (
    BuiltinService(
        name="postgresql",
        description="PostgreSQL, with the user and the database `postgres`.",
        params=(_VERSION, _PORT, _PASSWORD),
    ),
    BuiltinService(
        name="redis",
        description="Redis, or Valkey where that is installed.",
        params=(_VERSION, _PORT, _PASSWORD),
    ),
    BuiltinService(
        name="nats",
        description="NATS with JetStream and the user `pikoci`.",
        params=(_VERSION, _PORT, _PASSWORD),
    ),
    BuiltinService(
        name="rabbitmq",
        description="RabbitMQ with the user `pikoci`.",
        params=(_VERSION, _PORT, _PASSWORD),
    ),
)
_LATER = (
    BuiltinService(name="kafka", description="Apache Kafka.", supported=False),
    BuiltinService(name="keycloak", description="Keycloak.", supported=False),
    BuiltinService(name="mariadb", description="MariaDB.", supported=False),
    BuiltinService(name="vault", description="HashiCorp Vault.", supported=False),
)

#: Every service built into the worker, by name.
BUILTIN_SERVICES: Mapping[str, BuiltinService] = MappingProxyType(
    {service.name: service for service in (*_RUN_HERE, *_LATER)}
)
