"""Where brokers are: a list of addresses, read once for all systems, and never shown with a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.opening import QueueSettings


@dataclass(frozen=True, slots=True)
class Server:
    """One broker's address. `path` keeps its slash and escapes; user and password have none left."""

    scheme: str
    host: str
    port: int
    path: str = ""
    user: str | None = field(default=None, repr=False)  # a token, in some systems
    password: str | None = field(default=None, repr=False)

    @property
    def location(self) -> str:
        """`host:port`, for people and for clients."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def login(self, settings: QueueSettings) -> tuple[str | None, str | None]:
        """User and password: those of the settings, or else those of the address, as far as it has them."""
        return (settings.user, settings.password or "") if settings.user else (self.user, self.password)


def read_servers(
    text: str, setting: str, ports: Mapping[str, int], example: str, *, with_path: bool = False
) -> list[Server]:
    """Read addresses with commas between them; there is at least one.

    `ports` maps the schemes that are allowed to their usual ports; the first is meant where none is written, and an
    empty one stands for a system that has no schemes. Where `with_path`, an address may end in one part of a path.
    Raises QueueConfigurationError, which names the setting and shows the example, never the text.
    """
    try:
        servers = [_read_server(each.strip(), ports, with_path) for each in text.split(",") if each.strip()]
    except ValueError:
        servers = []
    if not servers:
        raise QueueConfigurationError(f"{setting}: not the address of a broker, such as {example}")
    return servers


def _read_server(text: str, ports: Mapping[str, int], with_path: bool) -> Server:
    """Raises ValueError, which may show the address."""
    usual = next(iter(ports))
    if "://" not in text:
        text = f"{usual}://{text}" if usual else f"//{text}"
    url = urlsplit(text)
    has_right_path = "/" not in url.path[1:] if with_path else url.path in {"", "/"}
    if url.scheme not in ports or not url.hostname or not has_right_path or url.query or url.fragment:
        raise ValueError("not an address")
    port = ports[url.scheme] if url.port is None else url.port
    if port == 0 or " " in url.hostname:
        raise ValueError("not an address")
    user, password = (None if part is None else unquote(part) for part in (url.username, url.password))
    return Server(url.scheme, url.hostname, port, url.path, user, password)
