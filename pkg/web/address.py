"""Addresses of servers that somebody else wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import quote, unquote, urljoin, urlsplit

from pikoci.pkg.web.errors import WebError

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_.~-]+")
_HALF_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IN_QUERY = "!$%&'()+*,/:;=?@[\\]^`{|}~"
_IN_PATH = _IN_QUERY.translate(dict.fromkeys(map(ord, "?`{}")))


@dataclass(frozen=True, slots=True)
class Url:
    """Where to ask for what: `host` is a name or address in ASCII without brackets, `target` a path with its query."""

    scheme: str
    host: str
    port: int
    target: str
    #: User and password, as they are; only proxies have any.
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """The host, and the port where it is not the usual one: what is said as `Host`."""
        return self.host_and_port.removesuffix(f":{_PORTS[self.scheme]}")

    @property
    def host_and_port(self) -> str:
        """Both."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials may be sent to."""
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}{self.target}"

    def joined(self, location: str) -> Url:
        """Where an answer from here leads to. Raises WebError."""
        try:
            return parse(urljoin(str(self), location.replace(" ", "%20")))
        except ValueError:
            raise WebError("the server redirects to an address that is not valid", fault="redirect") from None


def parse(address: str, *, login: bool = False) -> Url:
    """An address of http or https; what may not stand in a request is escaped. Raises WebError.

    It must hold no user and password, unless a `login` is wanted.
    """
    try:
        if any(character.isspace() or ord(character) < 0x20 for character in address):
            raise ValueError("urlsplit would take it out")
        parts = urlsplit(address)
        scheme, port = parts.scheme, parts.port
        if scheme not in _PORTS or not parts.hostname:
            raise WebError("the address begins with neither https:// nor http://", fault="address")
        host = _host(parts.hostname)
        path, query = quote(_whole(parts.path) or "/", _IN_PATH), quote(_whole(parts.query), _IN_QUERY)
        if port == 0:
            raise ValueError("no port")
    except ValueError:
        raise WebError("the address is not valid", fault="address") from None
    if "@" in parts.netloc and not login:
        raise WebError("the address holds a user or password, which everybody who sees it would know", fault="address")
    known = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
    return Url(scheme, host, port or _PORTS[scheme], f"{path}?{query}" if query else path, known)


def _host(name: str) -> str:
    if ":" in name:
        return str(IPv6Address(name))
    ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    if not _NAME.fullmatch(ascii_name):
        raise ValueError("no name of a host")
    return ascii_name


def _whole(text: str) -> str:
    return _HALF_ESCAPE.sub("%25", text)
