"""A log beyond its cap keeps its head and its tail."""

from __future__ import annotations

from collections import deque

_PIECE = 16 * 1024  # small writes are joined up to about this size, so that a byte costs no more than a byte


class HeadBudget:
    """How many bytes of log a build may still write in full; shared by its steps."""

    def __init__(self, limit: int) -> None:
        self.left = limit


class LogCap:
    """Caps the log of one step: bytes pass while the build's head budget lasts, then the last `tail_limit` are kept.

    So every step of a build that wrote too much still shows its end, and memory stays at `tail_limit`.
    """

    def __init__(self, head: HeadBudget, tail_limit: int) -> None:
        self._head = head
        self._tail_limit = tail_limit
        self._tail: deque[bytearray] = deque()
        self._kept = 0
        self._left_out = 0

    def feed(self, data: bytes) -> bytes:
        """The part of `data` that is written at once."""
        passed = data[: self._head.left]
        self._head.left -= len(passed)
        rest = data[len(passed) :] if passed else data
        if rest:
            self._keep(rest)
        return passed

    def finish(self) -> bytes:
        """The notice and the tail, or nothing if all was written."""
        tail = b"".join(self._tail)
        over = max(0, len(tail) - self._tail_limit)
        left_out = self._left_out + over
        self._tail.clear()
        self._kept = self._left_out = 0
        if not left_out:
            return tail
        return f"\n… {left_out} bytes left out …\n".encode() + tail[over:]

    def _keep(self, data: bytes) -> None:
        if self._tail and len(self._tail[-1]) < _PIECE:
            self._tail[-1] += data
        else:
            self._tail.append(bytearray(data))
        self._kept += len(data)
        while self._tail and self._kept - len(self._tail[0]) >= self._tail_limit:
            dropped = len(self._tail.popleft())
            self._kept -= dropped
            self._left_out += dropped
