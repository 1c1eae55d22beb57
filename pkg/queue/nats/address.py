"""Where a NATS server is, and how to log in there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.opening import QueueSettings

_PORT = 4222
_SCHEMES = {"nats", "tls"}


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """`name` is for people and never holds a password; `options` are for the client's `connect`."""

    name: str
    options: dict[str, Any] = field(repr=False)


def read_address(settings: QueueSettings) -> NatsAddress:
    """Read the settings for NATS. Raises QueueConfigurationError, which names the setting that can't be right."""
    urls = [_parse(text.strip()) for text in settings.nats_url.split(",")]
    servers = [f"{url.scheme}://{_host(url)}" for url in urls]
    options: dict[str, Any] = {"servers": servers, "name": "pikoci", **_login(urls[0], settings)}
    if settings.nats_credentials is not None:
        options["user_credentials"] = _credentials(settings)
    if settings.tls or settings.tls_ca or settings.tls_certificate or any(url.scheme == "tls" for url in urls):
        options["tls"] = _tls(settings)
    return NatsAddress(", ".join(servers), options)


def _parse(text: str) -> SplitResult:
    wrong = "NATS_SERVER_URL: not an address of a NATS server, such as nats://127.0.0.1:4222"
    url = urlsplit(text if "://" in text else f"nats://{text}")
    try:
        fits = url.scheme in _SCHEMES and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        fits = False
    if not fits or url.path not in {"", "/"} or url.query:
        raise QueueConfigurationError(wrong)
    return url


def _host(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{host}:{url.port or _PORT}"


def _login(url: SplitResult, settings: QueueSettings) -> dict[str, str]:
    """A name alone in the address is a token, as NATS has it."""
    if settings.user:
        return {"user": settings.user, "password": settings.password or ""}
    if url.username and url.password is not None:
        return {"user": unquote(url.username), "password": unquote(url.password)}
    return {"token": unquote(url.username)} if url.username else {}


def _credentials(settings: QueueSettings) -> str:
    path = settings.nats_credentials
    assert path is not None
    if not path.is_file():
        raise QueueConfigurationError(f"NATS_CREDS: there is no file {path}")
    if find_spec("nkeys") is None:
        raise QueueConfigurationError("NATS_CREDS: the package nkeys is missing; install it with `pip install nkeys`")
    return str(path)


def _tls(settings: QueueSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_certificate:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:
        raise QueueConfigurationError(f"the files for TLS can't be read: {error}") from error
    return context
