"""Servers, workers, database and broker, and the network between them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import bcrypt
import psycopg2

from pikoci.internal.store import StoreSettings
from tests.chaos.daemon import PIKOCI, Daemon
from tests.chaos.jobs import lay_out
from tests.chaos.links import Links
from tests.chaos.schedule import Kind, Wear
from tests.chaos.settings import Settings
from tests.integration.internal.service.conftest import settings_of
from tests.services.broker import Broker
from tests.services.kafka import KafkaServer
from tests.services.nats import NatsServer
from tests.services.postgresql import PostgresqlServer
from tests.services.process import free_port
from tests.services.rabbitmq import RabbitmqServer

USER, PASSWORD = "tester", "correct horse"
SECRET = "a secret that is long enough for the chaos suite"
#: Name of --pubsub-system -> the broker and the variable that names its address.
BROKERS: dict[str, tuple[type[Broker], str]] = {
    "nats": (NatsServer, "NATS_SERVER_URL"),
    "rabbit": (RabbitmqServer, "RABBIT_SERVER_URL"),
    "kafka": (KafkaServer, "KAFKA_BROKERS"),
}
_CUT = {Kind.CUT: 5.0, Kind.FREEZE: 5.0}


class World(ABC):
    """What a run happens in. `urls` are where clients find the servers, through the network."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.folder
        self.links = Links()
        self.daemons: dict[str, Daemon] = {}
        self.urls: list[str] = []
        self.broker: Broker | None = None
        self.postgresql: PostgresqlServer | None = None
        self._closing = ExitStack()
        self._closing.callback(self.links.close)
        lay_out(self.folder)
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
        self._server_flags = [
            "--host=127.0.0.1",
            f"--users={USER}:{hashed}",
            f"--lease={settings.lease}s",
            f"--heartbeat-interval={settings.heartbeat}s",
            "--max-requeues=100",
            f"--build-retention-count={settings.kept}",
        ]

    @abstractmethod
    def targets(self) -> dict[str, Wear]:
        """What may be hurt, and how."""

    @abstractmethod
    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Read the database itself."""

    @abstractmethod
    def store_settings(self) -> StoreSettings:
        """How to open the database itself, while no server runs."""

    @abstractmethod
    def workdirs(self) -> list[Path]:
        """The work directories of all workers."""

    def start(self) -> None:
        """Start every process of the program, without waiting."""
        for daemon in self.daemons.values():
            daemon.start()

    def close(self) -> None:
        """End everything."""
        self._closing.close()

    def _add(self, name: str, arguments: list[str], *, group: bool, **variables: str) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "JWT_SECRET": SECRET, **variables}
        if not group:
            del environment["JWT_SECRET"]
        self.daemons[name] = daemon = Daemon(name, arguments, environment, self.folder, group=group)
        self._closing.callback(daemon.close)


class Embedded(World):
    """One server with its worker, on SQLite."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        port = free_port()
        flags = ["--db-system=sqlite", f"--db-name={self.folder / 'pikoci.db'}", "--concurrency=4"]
        flags += [f"--port={port}", f"--workdir={self.folder / 'work'}"]
        self._add("server", ["server", *self._server_flags, *flags], group=True)
        self.urls = [f"http://127.0.0.1:{self.links.to_port('client-server', port)}"]

    def targets(self) -> dict[str, Wear]:
        """See `World`."""
        return {
            "server": Wear({Kind.KILL: 2.0, Kind.CRASH: 0.0, Kind.PAUSE: 6.0}, 3),
            "client-server": Wear(_CUT, 1),
        }

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """See `World`."""
        with closing(sqlite3.connect(f"file:{self.folder / 'pikoci.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    def store_settings(self) -> StoreSettings:
        """See `World`."""
        return StoreSettings(system="sqlite", name=str(self.folder / "pikoci.db"))

    def workdirs(self) -> list[Path]:
        """See `World`."""
        return [self.folder / "work"]


class Separate(World):
    """Several servers on one PostgreSQL and one broker, and several workers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def targets(self) -> dict[str, Wear]:
        """See `World`. A worker is also stopped for longer than its lease: its supervisors end what it runs in time."""
        settings = self.settings
        wears = {
            "postgresql": Wear({Kind.KILL: 3.0, Kind.END: 4.0, Kind.FREEZE: 4.0}, 2),
            "broker": Wear({Kind.KILL: 3.0, Kind.END: 4.0, Kind.FREEZE: 4.0}, 2),
        }
        for name in self.daemons:
            if name.startswith("server"):
                wears[name] = Wear({Kind.KILL: 3.0, Kind.CRASH: 0.0, Kind.PAUSE: 5.0}, 2)
            else:
                wears[name] = Wear({Kind.KILL: 3.0, Kind.PAUSE: settings.lease * 1.5}, 2)
        return wears | dict.fromkeys(self.links.names, Wear(_CUT, 1))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """See `World`."""
        assert self.postgresql is not None
        admin = self.postgresql.admin
        connecting = psycopg2.connect(
            host=admin.host, port=admin.port, user=admin.user, password=admin.password, dbname=admin.dbname
        )
        with closing(connecting) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def store_settings(self) -> StoreSettings:
        """See `World`."""
        assert self.postgresql is not None
        return settings_of(self.postgresql.admin)

    def workdirs(self) -> list[Path]:
        """See `World`."""
        return [self.folder / name for name in self.daemons if name.startswith("worker")]

    def _build(self) -> None:
        settings = self.settings
        kind, variable = BROKERS[settings.broker]
        self.postgresql = PostgresqlServer()
        self._closing.callback(self.postgresql.close)
        self.broker = self._closing.enter_context(kind())
        ports = [free_port() for _ in range(settings.servers)]
        queue = f"--pubsub-system={settings.broker}"
        admin = self.postgresql.admin
        for number, port in enumerate(ports, 1):
            name = f"server{number}"
            flags = ["--db-system=postgresql", "--db-host=127.0.0.1", f"--db-user={admin.user}"]
            flags += [f"--db-port={self.links.to_port(f'{name}-postgresql', admin.port)}", f"--db-name={admin.dbname}"]
            flags += [f"--port={port}", "--run-worker=false", queue]
            addresses = {variable: self.links.to_broker(name, self.broker), "DB_PASSWORD": admin.password}
            self._add(name, ["server", *self._server_flags, *flags], group=True, **addresses)
            self.urls.append(f"http://127.0.0.1:{self.links.to_port(f'client-{name}', port)}")
        token = worker_token()
        for number in range(1, settings.workers + 1):
            name = f"worker{number}"
            url = f"http://127.0.0.1:{self.links.to_port(f'{name}-servers', ports)}"
            flags = [f"--name={name}", f"--workdir={self.folder / name}", f"--pikoci-url={url}", queue]
            flags.append("--concurrency=3")
            addresses = {variable: self.links.to_broker(name, self.broker), "WORKER_TOKEN": token}
            self._add(name, ["worker", *flags], group=False, **addresses)


def worker_token(secret: str = SECRET) -> str:
    """A token for the workers, as the command line makes it."""
    environment = {"PATH": os.environ["PATH"], "JWT_SECRET": secret}
    made = subprocess.run([PIKOCI, "worker-token"], env=environment, capture_output=True, text=True, check=True)
    return made.stdout.strip()
