"""Where RabbitMQ is, and how to log in there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

import pika

from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.opening import QueueSettings

_PORTS = {"amqp": 5672, "amqps": 5671}
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RabbitAddress:
    """`name` is for people and never holds a password; `nodes` are tried in turn."""

    name: str
    nodes: list[pika.ConnectionParameters] = field(repr=False)


def read_address(settings: QueueSettings) -> RabbitAddress:
    """Read the settings for RabbitMQ. Raises QueueConfigurationError, which names the setting that can't be right."""
    urls = [_parse(text.strip()) for text in settings.rabbit_url.split(",")]
    if settings.tls or settings.tls_ca or settings.tls_certificate:
        urls = [url._replace(scheme="amqps") for url in urls]
    context = _tls(settings) if any(url.scheme == "amqps" for url in urls) else None
    return RabbitAddress(", ".join(_shown(url) for url in urls), [_parameters(url, settings, context) for url in urls])


def heartbeat(redelivery: float) -> int:
    """Seconds between heartbeats: the broker gives a consumer up after one or two of them without a sign of life."""
    return max(1, int(redelivery / 2))


def _parse(text: str) -> SplitResult:
    url = urlsplit(text if "://" in text else f"amqp://{text}")
    try:
        fits = url.scheme in _PORTS and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        fits = False
    if not fits or url.query or "/" in url.path[1:]:
        raise QueueConfigurationError(
            "RABBIT_SERVER_URL: not an address of a RabbitMQ server, such as "
            "amqp://user:password@127.0.0.1:5672/vhost; special characters in its parts are written as %2F and the like"
        )
    return url


def _shown(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}:{url.port or _PORTS[url.scheme]}{url.path or '/'}"


def _parameters(url: SplitResult, settings: QueueSettings, context: ssl.SSLContext | None) -> pika.ConnectionParameters:
    user, password = settings.user, settings.password
    if not user:
        user, password = unquote(url.username or "guest"), unquote(url.password or "guest")
    assert url.hostname is not None
    return pika.ConnectionParameters(
        host=url.hostname,
        port=url.port or _PORTS[url.scheme],
        virtual_host=unquote(url.path[1:]) or "/",
        credentials=pika.PlainCredentials(user, password or "", erase_on_connect=False),
        heartbeat=heartbeat(settings.redelivery),
        ssl_options=pika.SSLOptions(context, url.hostname) if url.scheme == "amqps" and context else None,
        socket_timeout=_CONNECT_SECONDS,
        stack_timeout=_CONNECT_SECONDS * 2,
        client_properties={"connection_name": "pikoci"},
    )


def _tls(settings: QueueSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_certificate:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:
        raise QueueConfigurationError(f"the files for TLS can't be read: {error}") from error
    return context
