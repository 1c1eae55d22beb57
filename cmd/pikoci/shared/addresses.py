"""Addresses as people and programs write them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pikoci.internal.domain.errors import InvalidError

_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)*/?", re.ASCII)
#: Where the server's own addresses begin: below one of them, nobody could tell the path from an address.
_OWN = frozenset(
    ["api", "healthz", "login", "logout", "metrics", "password", "readyz", "static", "teams", "version", "webhooks"]
)


def authority(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def external_url(text: str) -> str:
    """The URL without a slash at its end; empty stays empty. Raises InvalidError for what cannot be one."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.query or parts.fragment or parts.username is not None or not _PATH.fullmatch(parts.path):
        raise InvalidError(
            f"--external-url: {text!r} is not the address of a server",
            hint="it looks like https://ci.example.com, or https://example.com/ci",
        )
    first = parts.path.split("/")[1] if parts.path else ""
    if first in _OWN:
        raise InvalidError(
            f"--external-url: the path cannot begin with /{first}, as addresses of the server do",
            hint="choose another path, such as /ci",
        )
    return text.rstrip("/")
