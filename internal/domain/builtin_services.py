"""The services built into a worker: names and params. A service type of the pipeline wins over one of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from pikoci.internal.domain.builtin import Param


class BuiltinService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that a worker knows without a definition, if it has the program."""

    name: str
    description: str
    params: tuple[Param, ...] = ()
    supported: bool = True


def _later(name: str) -> BuiltinService:
    return BuiltinService(name=name, description="", supported=False)


#: Every service built into the worker, by name.
BUILTIN_SERVICES: Mapping[str, BuiltinService] = MappingProxyType(
    {
        service.name: service
        for service in (
            _later("kafka"),
            _later("keycloak"),
            _later("mariadb"),
            _later("nats"),
            _later("postgresql"),
            _later("rabbitmq"),
            _later("redis"),
            _later("vault"),
        )
    }
)
