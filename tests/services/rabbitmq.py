"""A real RabbitMQ server: Debian's program with a node name, ports and folders of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.broker import Broker, shared_address
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.process import free_port
from tests.services.proxy import Proxy
from tests.services.requirement import missing

# The one on PATH is a wrapper that insists on /var/lib/rabbitmq.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"

SETTINGS = """\
loopback_users.guest = false
log.console = true
log.console.level = warning
log.file = false
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 10MB
cluster_partition_handling = ignore
"""

SECURITY = """\
default_user = {user}
default_pass = {password}
listeners.ssl.default = {port}
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.key
"""


class RabbitmqServer(Broker):
    """One node; login guest, password guest."""

    service = "rabbitmq"

    def __init__(self) -> None:
        """Start the node. Raises ServiceError when it does not come up."""
        if not PROGRAM.exists():
            missing("rabbitmq", f"{PROGRAM} is missing; install Debian's rabbitmq-server")
        self.user = "rabbitmq" if os.geteuid() == 0 else None
        super().__init__()

    @property
    def address(self) -> str:
        """An amqp:// URL with login."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def proxied(self) -> Proxy:
        """See `Broker.proxied`."""
        return Proxy(self.port)

    def address_through(self, proxy: Proxy) -> str:
        """See `Broker.address_through`."""
        return f"amqp://guest:guest@127.0.0.1:{proxy.port}/"

    def _prepare(self) -> None:
        self.port, self._between_nodes, self._names = (free_port() for _ in range(3))
        (self.folder / "rabbitmq.conf").write_text(SETTINGS)
        (self.folder / "enabled_plugins").write_text("[].\n")

    def _command(self) -> list[str]:
        folder = self.folder
        environment = {
            "HOME": folder,  # the cookie between nodes
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": self._names,
            "RABBITMQ_NODENAME": "pikoci@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_DIST_PORT": self._between_nodes,
            "RABBITMQ_CONF_ENV_FILE": folder / "none",
            "RABBITMQ_CONFIG_FILE": folder / "rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": folder / "none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "enabled_plugins",
            "RABBITMQ_MNESIA_BASE": folder / "mnesia",
            "RABBITMQ_LOG_BASE": folder / "log",
            "RABBITMQ_GENERATED_CONFIG_DIR": folder / "config",
            "RABBITMQ_PID_FILE": folder / "pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            "RUNNING_UNDER_SYSTEMD": "true",  # no shell in between: signals reach the node itself
        }
        return ["env", *(f"{name}={value}" for name, value in environment.items()), str(PROGRAM)]

    def _is_ready(self) -> bool:
        """The node answers the protocol's header once its queues are there."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(PROTOCOL_HEADER)
                return client.recv(1) == b"\x01"
        except OSError:
            return False


class SecureRabbitmqServer(RabbitmqServer):
    """With TLS on a port of its own, and another login."""

    login = ("pikoci", "right-one")

    @property
    def address(self) -> str:
        """An amqps:// URL without login."""
        return f"amqps://127.0.0.1:{self.tls_port}/"

    @property
    def authority(self) -> Path:
        """What the certificate is checked against."""
        return self.folder / AUTHORITY

    def _prepare(self) -> None:
        super()._prepare()
        self.tls_port = free_port()
        make_certificates(self.folder)
        user, password = self.login
        with (self.folder / "rabbitmq.conf").open("a") as settings:
            settings.write(SECURITY.format(user=user, password=password, port=self.tls_port, folder=self.folder))


@pytest.fixture(scope="session")
def rabbitmq_address(run_file: Path) -> str:
    """The address of a RabbitMQ node that tests share; each uses names of its own there."""
    return shared_address(RabbitmqServer, run_file)


@pytest.fixture
def private_rabbitmq() -> Iterator[RabbitmqServer]:
    """A whole node for this test alone, to stop and start at will."""
    with RabbitmqServer() as server:
        yield server
