"""A TCP proxy that plays what networks do: cut connections, refuse new ones, or swallow everything in silence."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from itertools import count
from typing import Self

import gevent
from gevent.event import Event
from gevent.server import StreamServer

CHUNK = 65536


class Proxy:
    """Forwards connections on `port` of 127.0.0.1 to another port; lives in greenlets of the test process.

    Several targets get the connections in turn; one that refuses is passed over.
    """

    def __init__(self, target: int | Sequence[int], port: int = 0) -> None:
        """Start to listen, on a free port unless one is named."""
        self._targets = [target] if isinstance(target, int) else list(target)
        self._turns = count()
        self._flowing = Event()
        self._flowing.set()
        self._refusing = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._server = StreamServer(("127.0.0.1", port), self._forward)
        self._server.start()
        self.port = int(self._server.address[1])

    def cut(self) -> None:
        """Close every connection, and each new one at once, until `restore`."""
        self._refusing = True
        self.drop()

    def drop(self) -> None:
        """Close every connection; new ones are welcome."""
        for pair in list(self._pairs):
            _close(*pair)

    def freeze(self) -> None:
        """Let nothing through, but keep connections open, until `restore`."""
        self._flowing.clear()

    def end(self) -> None:
        """Tell clients that nothing more will come, and go on to read from them (not while frozen)."""
        for client, _ in list(self._pairs):
            client.shutdown(socket.SHUT_WR)

    def restore(self) -> None:
        """Work again."""
        self._refusing = False
        self._flowing.set()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._pairs)

    def close(self) -> None:
        """Stop listening and close every connection."""
        self._server.stop(timeout=0)
        self.cut()
        self._flowing.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forward(self, client: socket.socket, _: object) -> None:
        if self._refusing:
            client.close()
            return
        target = self._connect()
        if target is None:
            client.close()
            return
        pair = (client, target)
        self._pairs.add(pair)
        try:
            ways = [gevent.spawn(self._pump, *pair), gevent.spawn(self._pump, target, client)]
            gevent.wait(ways, count=1)
            _close(*pair)
            gevent.joinall(ways)
        finally:
            self._pairs.discard(pair)
            client.close()
            target.close()

    def _connect(self) -> socket.socket | None:
        turn = next(self._turns)
        for step in range(len(self._targets)):
            port = self._targets[(turn + step) % len(self._targets)]
            with contextlib.suppress(OSError):
                target = socket.create_connection(("127.0.0.1", port), timeout=10)
                target.settimeout(None)
                return target
        return None

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._flowing.wait()
                sink.sendall(data)


def _close(*ends: socket.socket) -> None:
    """Shut connections down, so that whoever reads from them wakes up."""
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
