"""A client's connection with limits in time, so that nobody holds one by sending or reading a byte now and then."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from typing import Any

from gunicorn.util import close_graceful

_SLICE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits in seconds.

    `idle` is how long a connection may wait for the first byte of a request, `headers` how long the rest of the headers
    may take from then on, `answer` how long a client may take to accept 64 KiB of an answer. How fast a body must come
    is the matter of what reads it.
    """

    idle: float = 75.0
    headers: float = 20.0
    answer: float = 60.0


class SlowHeadersError(Exception):
    """The headers of a request did not come in time."""


class PacedSocket:
    """A client's socket, as gunicorn uses it: `recv`, `sendall` and `close` keep the pace, the rest is the socket's."""

    def __init__(self, socket: Any, pace: Pace) -> None:
        self._socket = socket
        self._pace = pace
        self.await_request()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def await_request(self) -> None:
        """What comes next is a request, after what may be left of the last one's body."""
        self._awaiting = True
        self._deadline: float | None = None

    def begin_answer(self) -> None:
        """The headers are here; what comes next is the body."""
        self._awaiting = False

    def recv(self, size: int) -> bytes:
        """Some bytes; none at the end, also of the patience with an idle client. Raises SlowHeadersError."""
        if not self._awaiting:
            return self._receive(size, None)
        if self._deadline is None:
            try:
                data = self._receive(size, self._pace.idle)
            except TimeoutError:
                return b""
            self._deadline = time.monotonic() + self._pace.headers
            return data
        try:
            return self._receive(size, max(0.001, self._deadline - time.monotonic()))
        except TimeoutError:
            raise SlowHeadersError from None

    def sendall(self, data: bytes) -> None:
        """Send all of it. Raises ConnectionResetError where the client does not read."""
        self._socket.settimeout(self._pace.answer)
        view = memoryview(data)
        try:
            for start in range(0, len(view), _SLICE):
                self._socket.sendall(view[start : start + _SLICE])
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client does not read") from error

    def close(self) -> None:
        """Close so that the client can read what it was sent, also while it is sending still."""
        close_graceful(self._socket)

    def _receive(self, size: int, timeout: float | None) -> bytes:
        self._socket.settimeout(timeout)
        data: bytes = self._socket.recv(size)
        return data
