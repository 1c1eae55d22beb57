"""Keeping a command's output as data."""


class Capture:
    """A sink that keeps the first ``limit_bytes`` of what it gets, and takes and forgets the rest.

    For a command whose stdout is an answer: check ``overflowed`` before reading ``data``.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._kept = bytearray()
        self.overflowed = False

    def __call__(self, chunk: bytes) -> None:
        """Take a chunk."""
        room = self._limit - len(self._kept)
        self._kept += chunk[:room]
        self.overflowed = self.overflowed or len(chunk) > room

    @property
    def data(self) -> bytes:
        """What was kept."""
        return bytes(self._kept)
