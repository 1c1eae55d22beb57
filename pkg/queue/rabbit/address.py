"""Where RabbitMQ is, and how to log in there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote

import pika

from pikoci.pkg.queue.address import Server, read_servers
from pikoci.pkg.queue.opening import QueueSettings
from pikoci.pkg.queue.tls import tls_context, wants_tls

_PORTS = {"amqp": 5672, "amqps": 5671}
_ENCRYPTED = {"amqps": 5671, "amqp": 5671}
_EXAMPLE = "amqp://user:password@127.0.0.1:5672/vhost; special characters in its parts are written as %2F and the like"
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RabbitAddress:
    """`name` is for people and never holds a password; `nodes` are tried in turn."""

    name: str
    nodes: list[pika.ConnectionParameters] = field(repr=False)


def read_address(settings: QueueSettings) -> RabbitAddress:
    """Read the settings for RabbitMQ. Raises QueueConfigurationError, which names the setting that can't be right."""
    always = wants_tls(settings)
    ports = _ENCRYPTED if always else _PORTS
    servers = read_servers(settings.rabbit_url, "RABBIT_SERVER_URL", ports, _EXAMPLE, with_path=True)
    encrypted = [always or server.scheme == "amqps" for server in servers]
    context = tls_context(settings) if any(encrypted) else None
    names, nodes = [], []
    for server, is_encrypted in zip(servers, encrypted, strict=True):
        names.append(f"{'amqps' if is_encrypted else 'amqp'}://{server.location}{server.path or '/'}")
        nodes.append(_parameters(server, settings, context if is_encrypted else None))
    return RabbitAddress(", ".join(names), nodes)


def _parameters(server: Server, settings: QueueSettings, context: ssl.SSLContext | None) -> pika.ConnectionParameters:
    user, password = server.login(settings)
    return pika.ConnectionParameters(
        host=server.host,
        port=server.port,
        virtual_host=unquote(server.path[1:]) or "/",
        credentials=pika.PlainCredentials(
            user or "guest", "guest" if password is None else password, erase_on_connect=False
        ),
        # The broker gives a consumer up after one or two heartbeats without a sign of life.
        heartbeat=max(1, int(settings.redelivery / 2)),
        ssl_options=pika.SSLOptions(context, server.host) if context else None,
        socket_timeout=_CONNECT_SECONDS,
        stack_timeout=_CONNECT_SECONDS * 2,
        client_properties={"connection_name": "pikoci"},
    )
