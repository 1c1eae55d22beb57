"""What could not be delivered yet, on disk: one append-only file per claim.

A file is `<build>-<claim>.spool` and holds records of a length (4 bytes, big-endian) and a MessagePack pair of an
event's number and the event. A record that a crash cut short ends the file. Records are written to the kernel at once,
so that they outlive the worker; `sync` also makes them outlive the machine, which is done for the first and the last.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from gevent import get_hub

from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import ClaimRef

_SUFFIX = ".spool"
_LENGTH_BYTES = 4
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, BuildEvent])

NumberedEvent = tuple[int, BuildEvent]


class SpoolFile:
    """The spool of one claim. Appending raises OSError (disk full, say) and then leaves the file as it was.

    `fsync` is what `sync` calls, in a thread.
    """

    def __init__(self, directory: Path, ref: ClaimRef, fsync: Callable[[int], None] = os.fsync) -> None:
        self.ref = ref
        self._fsync = fsync
        self._path = directory / f"{ref.id}-{ref.claim}{_SUFFIX}"
        self._file: BinaryIO | None = None

    def append(self, first: int, events: list[BuildEvent]) -> None:
        """Write events numbered from `first`. Yields to no other greenlet."""
        records = (_encoder.encode(pair) for pair in enumerate(events, first))
        data = b"".join(len(record).to_bytes(_LENGTH_BYTES, "big") + record for record in records)
        file = self._open()
        end = file.seek(0, os.SEEK_END)
        try:
            _write_all(file, data)
        except OSError:
            file.truncate(end)
            raise

    def sync(self) -> None:
        """Return once all that was written is on the disk itself. Raises OSError."""
        if self._file is None:
            return
        descriptor = os.dup(self._file.fileno())  # the file may be closed meanwhile, and its number used again
        try:
            get_hub().threadpool.apply(self._fsync, (descriptor,))
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[NumberedEvent]:
        """All whole records, in order; it may be appended to meanwhile."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            while len(header := file.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
                size = int.from_bytes(header, "big")
                record = file.read(size)
                if len(record) < size:
                    return
                try:
                    yield _decoder.decode(record)
                except msgspec.DecodeError:
                    return

    def close(self) -> None:
        """Close the file and leave it on disk."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Forget everything."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _open(self) -> BinaryIO:
        if self._file is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "r+b", buffering=0)
        return self._file


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def find_spools(directory: Path) -> list[SpoolFile]:
    """The spools that an earlier run of the worker left, oldest build first."""
    refs = [ref for path in directory.glob(f"*{_SUFFIX}") if (ref := _parse_name(path.stem)) is not None]
    return [SpoolFile(directory, ref) for ref in sorted(refs, key=lambda ref: (ref.id, ref.claim))]


def _parse_name(stem: str) -> ClaimRef | None:
    build, _, claim = stem.partition("-")
    return ClaimRef(id=int(build), claim=int(claim)) if build.isdecimal() and claim.isdecimal() else None
