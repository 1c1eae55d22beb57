"""A real PostgreSQL: one server for each test run, one fresh database for each test."""

import hmac
import itertools
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg2
import pytest

from tests.services.process import ServiceError, ServiceProcess, free_port
from tests.services.requirement import missing
from tests.services.sharing import shared

ADDRESS_VARIABLE = "PIKOCI_TEST_POSTGRESQL"
START_TRIES = 3
# Speed over safety: nobody needs this data after a crash of the machine.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class Database:
    """Where one database is and how to log in to it."""

    host: str
    port: int
    user: str
    password: str
    dbname: str

    def flags(self) -> list[str]:
        """Give the `pikoci server` flags that name this database."""
        return [
            "--db-system=postgresql",
            f"--db-host={self.host}",
            f"--db-port={self.port}",
            f"--db-user={self.user}",
            f"--db-password={self.password}",
            f"--db-name={self.dbname}",
        ]

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, on a connection of its own."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.dbname,
            connect_timeout=10,
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def accepts_logins(self) -> bool:
        """Tell whether the server is up and takes this login."""
        try:
            self.execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True


class DatabaseMaker:
    """Make databases on a server, given a login that may create them."""

    def __init__(self, admin: Database) -> None:
        """Keep the login; the names made here are unlike those of any other process."""
        self.admin = admin
        self._prefix = f"pikoci_test_{secrets.token_hex(4)}"
        self._numbers = itertools.count(1)

    @contextmanager
    def fresh(self, template: Database | None = None) -> Iterator[Database]:
        """Give a new database, empty or a copy of `template` (which nobody may be connected to); drop it at the end."""
        made = replace(self.admin, dbname=f"{self._prefix}_{next(self._numbers)}")
        source = f'"{template.dbname}"' if template else "template0"
        self.admin.execute(f'CREATE DATABASE "{made.dbname}" TEMPLATE {source}')
        try:
            yield made
        finally:
            self.admin.execute(f'DROP DATABASE IF EXISTS "{made.dbname}" WITH (FORCE)')


class PostgresqlServer(DatabaseMaker):
    """A server of our own in a temporary folder; `stop` and `start` play an outage, with data and port kept."""

    def __init__(self) -> None:
        """Make the cluster and start the server. Raises ServiceError when it does not come up."""
        self._bin = find_binaries()
        self._user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        self._folder = Path(tempfile.mkdtemp(prefix="pikoci-postgresql-"))
        super().__init__(Database("127.0.0.1", free_port(), "pikoci", secrets.token_hex(8), "postgres"))
        try:
            self._make_cluster()
            self._start_on_a_free_port()
            self.admin.execute(f"ALTER ROLE {self.admin.user} PASSWORD '{scram_verifier(self.admin.password)}'")
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def start(self) -> None:
        """Start the server again on the same port; returns when it accepts logins."""
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        command = [str(self._bin / "postgres"), "-D", str(self._folder / "data"), f"--port={self.admin.port}", *options]
        self._process = ServiceProcess(command, self._folder, ending="SIGINT", user=self._user)
        self._process.wait_until(self.admin.accepts_logins)

    def stop(self) -> None:
        """Stop the server at once: clients lose their connections, the data stays for `start`."""
        self._process.stop(keep_folder=True)

    def kill(self) -> None:
        """End the server by SIGKILL; what it wrote stays for `start`."""
        self._process.kill()

    @property
    def pid(self) -> int:
        """The process that all of the server's descend from."""
        return self._process.pid

    def hand_over(self, run: Path) -> None:
        """Let the server go on without this process, until nobody holds a lock on the file `run`."""
        self._process.hand_over(run)

    def close(self) -> None:
        """Stop the server and remove its data."""
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_cluster(self) -> None:
        password_file = self._folder / "password"
        password_file.write_text(self.admin.password)
        if self._user:
            account = pwd.getpwnam(self._user)
            for path in (self._folder, password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        made = subprocess.run(
            [
                str(self._bin / "initdb"),
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--auth=scram-sha-256",
                f"--username={self.admin.user}",
                f"--pwfile={password_file}",
                f"--pgdata={self._folder / 'data'}",
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
        )
        if made.returncode != 0:
            raise ServiceError(f"initdb failed:\n{made.stderr}")

    def _start_on_a_free_port(self) -> None:
        for left in reversed(range(START_TRIES)):
            try:
                return self.start()
            except ServiceError:
                if left == 0:
                    raise
                self.admin = replace(self.admin, port=free_port())
        return None


def scram_verifier(password: str) -> str:
    """What the server keeps of a password, for logins by SCRAM with one round of hashing.

    By itself it asks for 4096, which is the greater part of a connection's cost, and each test makes several.
    """
    salt = secrets.token_bytes(16)
    salted = pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    shown = [b64encode(data).decode() for data in (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))]
    return "SCRAM-SHA-256$1:{}${}:{}".format(*shown)


def find_binaries() -> Path:
    """Find the folder of `postgres` and `initdb`: on PATH, or where Debian puts the newest version."""
    on_path = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    found = [Path(on_path)] if on_path else debian[-1:]
    folders = [folder for server in found if (folder := server.resolve().parent).joinpath("initdb").exists()]
    login = "postgresql://USER:PASSWORD@HOST:PORT/NAME"
    return folders[0] if folders else missing("postgresql", f"install Debian's, or set {ADDRESS_VARIABLE}={login}")


def given_address() -> Database | None:
    """Read `PIKOCI_TEST_POSTGRESQL`: a server somewhere else, with a login that may create databases."""
    address = os.environ.get(ADDRESS_VARIABLE)
    if not address:
        return None
    url = urlsplit(address)
    return Database(
        url.hostname or "127.0.0.1",
        url.port or 5432,
        unquote(url.username or "postgres"),
        unquote(url.password or ""),
        url.path.lstrip("/") or "postgres",
    )


@pytest.fixture(scope="session")
def postgresql_server(run_file: Path) -> DatabaseMaker:
    """The server of this test run: make databases with `postgresql_server.fresh()`."""

    def start() -> tuple[PostgresqlServer, str]:
        server = PostgresqlServer()
        return server, json.dumps(asdict(server.admin))

    given = given_address()
    return DatabaseMaker(given or Database(**json.loads(shared(run_file, "postgresql", start))))


@pytest.fixture
def postgresql(postgresql_server: DatabaseMaker) -> Iterator[Database]:
    """A fresh, empty database for this test alone."""
    with postgresql_server.fresh() as database:
        yield database


@pytest.fixture
def private_postgresql() -> Iterator[PostgresqlServer]:
    """A whole server for this test alone, to stop and start at will."""
    server = PostgresqlServer()
    try:
        yield server
    finally:
        server.close()
