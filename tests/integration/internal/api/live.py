"""The API on a real socket: gevent's server in this process, or gunicorn in one of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import gevent
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer

from tests.services.process import answers, free_port
from tests.unit.internal.api.scene import Scene

DEADLINE = 20.0


class Live:
    """A server and the scene behind it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._server: WSGIServer | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        app = self.scene.client.app
        # With a pool, stopping also ends the connections.
        self._server = WSGIServer(("127.0.0.1", self.port), app, log=None, error_log=None, spawn=Pool(100))
        self._server.start()

    def stop(self) -> None:
        """Cut every connection."""
        if self._server is not None:
            self._server.stop(timeout=0)
            self._server = None


@contextmanager
def gunicorn() -> Iterator[int]:
    """The API under gunicorn with a gevent worker; gives its port. The pipeline `demo` is public."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.integration.internal.api.serve", str(port)])
    try:
        wait_until(lambda: answers(port))
        yield port
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        gevent.sleep(0.01)


def raw(port: int, *pieces: bytes, timeout: float = DEADLINE) -> bytes:
    """Send bytes, and read until the server closes or has answered with the announced length."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout)) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break  # the server has answered already
        return read_answer(connection)


def read_answer(connection: socket.socket) -> bytes:
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if lengths and len(body) >= int(lengths[0].partition(b":")[2]):
                return data
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece
