"""What a service manager hears of a real server: systemd's notify protocol on a real datagram socket."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import psycopg2
import pytest

from pikoci.internal.store.postgresql import MIGRATION_LOCK
from tests.services.pikoci import PikociServer
from tests.services.postgresql import Database

DEADLINE_SECONDS = 20.0
#: Longer than the server process' heartbeats are apart, with what a busy machine adds.
SILENCE_SECONDS = 4.0


class Manager:
    """Listens where NOTIFY_SOCKET says."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.heard: list[str] = []

    def listen(self, seconds: float) -> list[str]:
        """The states of the next message; empty when none comes in time."""
        self._socket.settimeout(seconds)
        try:
            states = self._socket.recv(4096).decode().splitlines()
        except TimeoutError:
            return []
        self.heard += states
        return states

    def wait_for(self, state: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while state not in self.listen(max(0.0, deadline - time.monotonic())):
            assert time.monotonic() < deadline, f"{state} was not told, but {self.heard}"

    def wait_for_silence(self) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.listen(SILENCE_SECONDS):
            assert time.monotonic() < deadline, f"it goes on: {self.heard}"

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PikociServer]:
    made = PikociServer(tmp_path)
    yield made
    made.stop()


def serving_process(server: PikociServer) -> int:
    assert server.process is not None
    first = server.process.pid
    return int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0])


def test_a_manager_hears_of_the_start_the_heartbeats_and_the_end(manager: Manager, server: PikociServer) -> None:
    server.start()
    manager.wait_for("READY=1")
    for _ in range(3):
        manager.wait_for("WATCHDOG=1")
    server.signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert server.wait() == 0
    assert manager.heard.count("READY=1") == 1
    assert not any("gunicorn" in state for state in manager.heard)


def test_the_watchdog_is_fed_only_while_the_serving_process_lives(manager: Manager, server: PikociServer) -> None:
    server.start()
    manager.wait_for("READY=1")
    serving = serving_process(server)
    os.kill(serving, signal.SIGSTOP)
    try:
        manager.wait_for_silence()
    finally:
        os.kill(serving, signal.SIGCONT)
    manager.wait_for("WATCHDOG=1")


def test_a_start_that_waits_for_migrations_is_given_time(
    manager: Manager, tmp_path: Path, postgresql: Database
) -> None:
    server = PikociServer(tmp_path, postgresql.flags())
    other = psycopg2.connect(
        host=postgresql.host,
        port=postgresql.port,
        user=postgresql.user,
        password=postgresql.password,
        dbname=postgresql.dbname,
    )
    starting = None
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        starting = gevent.spawn(server.start)
        for _ in range(3):
            manager.wait_for("EXTEND_TIMEOUT_USEC=30000000")
        assert "READY=1" not in manager.heard
        other.close()
        manager.wait_for("READY=1")
        starting.get(timeout=DEADLINE_SECONDS)
    finally:
        other.close()
        server.stop()
        if starting is not None:
            starting.kill()
