"""A real NATS server with JetStream, and its data in a temporary folder."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.broker import Broker, shared_address
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.process import free_port
from tests.services.proxy import Proxy
from tests.services.requirement import program


class NatsServer(Broker):
    """One server, no clustering. `options` are more of its command line, such as `--auth=TOKEN`."""

    service = "nats"

    def __init__(self, *options: str) -> None:
        """Start the server. Raises ServiceError when it does not come up."""
        self._program = program("nats", "nats-server")
        self._options = options
        super().__init__()

    @property
    def address(self) -> str:
        """A nats:// URL."""
        return f"nats://127.0.0.1:{self.port}"

    def proxied(self) -> Proxy:
        """See `Broker.proxied`."""
        return Proxy(self.port)

    def address_through(self, proxy: Proxy) -> str:
        """See `Broker.address_through`."""
        return f"nats://127.0.0.1:{proxy.port}"

    def _prepare(self) -> None:
        self.port = free_port()

    def _command(self) -> list[str]:
        where = ["--addr=127.0.0.1", f"--port={self.port}", f"--store_dir={self.folder / 'data'}"]
        return [self._program, "--jetstream", *where, *self._options]

    def _is_ready(self) -> bool:
        """The server greets its clients only when JetStream has read its data."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                return b'"jetstream":true' in client.recv(4096)
        except OSError:
            return False


class SecureNatsServer(NatsServer):
    """With TLS and a login."""

    login = ("pikoci", "right-one")

    def __init__(self) -> None:
        """Start the server. Raises ServiceError when it does not come up."""
        user, password = self.login
        super().__init__(f"--user={user}", f"--pass={password}", "--tls", "--tlscert=server.pem", "--tlskey=server.key")

    @property
    def authority(self) -> Path:
        """What the certificate is checked against."""
        return self.folder / AUTHORITY

    def _prepare(self) -> None:
        super()._prepare()
        make_certificates(self.folder)


@pytest.fixture(scope="session")
def nats_address(run_file: Path) -> str:
    """The address of a NATS server that tests share; each uses names of its own there."""
    return shared_address(NatsServer, run_file)


@pytest.fixture
def private_nats() -> Iterator[NatsServer]:
    """A whole server for this test alone, to stop and start at will."""
    with NatsServer() as server:
        yield server
