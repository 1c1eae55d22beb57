"""Where a NATS server is, and how to log in there."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from pikoci.pkg.queue.address import Server, read_servers
from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.opening import QueueSettings
from pikoci.pkg.queue.tls import tls_context, wants_tls

_PORTS = {"nats": 4222, "tls": 4222}


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """`name` is for people and never holds a password; `options` are for the client's `connect`."""

    name: str
    options: dict[str, Any] = field(repr=False)


def read_address(settings: QueueSettings) -> NatsAddress:
    """Read the settings for NATS. Raises QueueConfigurationError, which names the setting that can't be right."""
    servers = read_servers(settings.nats_url, "NATS_SERVER_URL", _PORTS, "nats://127.0.0.1:4222")
    urls = [f"{server.scheme}://{server.location}" for server in servers]
    options: dict[str, Any] = {"servers": urls, "name": "pikoci", **_login(servers[0], settings)}
    if settings.nats_credentials is not None:
        options["user_credentials"] = _credentials(settings)
    if wants_tls(settings) or any(server.scheme == "tls" for server in servers):
        options["tls"] = tls_context(settings)
    return NatsAddress(", ".join(urls), options)


def _login(server: Server, settings: QueueSettings) -> dict[str, str]:
    """A name alone in the address is a token, as NATS has it."""
    user, password = server.login(settings)
    if not user:
        return {}
    return {"token": user} if password is None else {"user": user, "password": password}


def _credentials(settings: QueueSettings) -> str:
    path = settings.nats_credentials
    assert path is not None
    if not path.is_file():
        raise QueueConfigurationError(f"NATS_CREDS: there is no file {path}")
    if find_spec("nkeys") is None:
        raise QueueConfigurationError("NATS_CREDS: the package nkeys is missing; install it with `pip install nkeys`")
    return str(path)
