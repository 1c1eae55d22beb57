"""Parts of files that builds made."""

from __future__ import annotations

import io
import os


class Section(io.RawIOBase):
    """A part of an open file, as a file of its own. What is read past the end of the real file is missing."""

    def __init__(self, file: int, start: int, size: int) -> None:
        super().__init__()
        self._file, self.start, self.size = file, start, size
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the section."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """The place in the section."""
        return self._at

    def readinto(self, buffer: object) -> int:
        """Read what is there."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = os.pread(self._file, min(len(view), max(0, self.size - self._at)), self.start + self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def all(self) -> bytes:
        """Everything in it."""
        return os.pread(self._file, self.size, self.start)
