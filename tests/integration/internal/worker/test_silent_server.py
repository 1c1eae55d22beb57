"""A server that takes connections and never answers, at a worker's start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import gevent
import pytest
from gevent import socket

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.events import BuildFinished
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.http import HttpGateway
from pikoci.internal.worker.process import Spawner
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.worker import Worker
from tests.unit.internal.worker.bench_room import settings_for, wait_until
from tests.unit.internal.worker.fake_queue import FakeSubscription

INSTANCE = "0123456789abcdef.s1"
AT_ONCE = 5.0  # seconds; a request is waited for six times as long


class SilentServer:
    """Reads requests and answers none."""

    def __init__(self) -> None:
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._loop = gevent.spawn(self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        self._kept = []
        while True:
            connection, _ = self._listener.accept()
            self._kept.append(connection)
            if connection.recv(1):
                self.requests += 1

    def close(self) -> None:
        self._loop.kill()
        for connection in [self._listener, *self._kept]:
            connection.close()


@pytest.fixture
def server() -> Iterator[SilentServer]:
    made = SilentServer()
    yield made
    made.close()


@contextmanager
def starting(root: Path, server: SilentServer) -> Iterator[tuple[Worker, gevent.Greenlet[[], None]]]:
    settings = settings_for(root, instance=INSTANCE, loop_patience=0.02)
    gateway = HttpGateway(server.url, "token", settings.name, settings.instance)
    queues = {"jobs": FakeSubscription()}
    worker = Worker(gateway, queues, Spawner(settings.mark), settings, SystemClock(), Random(1))
    running = gevent.spawn(worker.run)
    try:
        yield worker, running
    finally:
        worker.cancel_all("the test ended")
        running.join(timeout=60)
        gateway.close()


@pytest.mark.parametrize("spools", [0, 50])
@pytest.mark.parametrize("end", ["drain", "cancel"])
def test_a_signal_is_heard_at_once(tmp_path: Path, server: SilentServer, spools: int, end: str) -> None:
    (tmp_path / "spool").mkdir()
    for number in range(1, spools + 1):
        spool = SpoolFile(tmp_path / "spool", ClaimRef(id=number, claim=1))
        spool.append(1, [BuildFinished(status=BuildStatus.SUCCEEDED, at=1.0)])
        spool.close()
    with starting(tmp_path, server) as (worker, running):
        wait_until(lambda: server.requests == 1)
        worker.drain() if end == "drain" else worker.cancel_all("SIGTERM came")
        running.join(timeout=AT_ONCE)
        assert running.dead
    assert server.requests == 1
    assert len(list((tmp_path / "spool").glob("*.spool"))) == spools
