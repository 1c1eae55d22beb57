"""The audit log as a stream: one line of JSON for each entry, for whoever collects them."""

from __future__ import annotations

import logging
import os
import select
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from pikoci.internal.api.audit_view import audit_entry
from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.errors import InvalidError

log = logging.getLogger(__name__)

STANDARD_OUTPUT = "-"
_MODE = 0o640


class AuditLines:
    """Appends entries to a file; a file that was moved or removed, as rotation does it, is made anew.

    An entry that cannot be written is lost here, not in the database: the log says so once, and how many there were
    when lines can be written again. Raises InvalidError for a file that cannot be opened at the start.
    """

    def __init__(self, target: str) -> None:
        self._path = None if target == STANDARD_OUTPUT else Path(target)
        self._file = -1
        self._lost = 0
        self._is_torn = False
        try:
            self._open()
        except OSError as error:
            raise InvalidError(
                f"--audit-log: {target} cannot be opened: {error.strerror}",
                hint="name a file in a directory that the server may write to, or - for standard output",
            ) from error

    def __call__(self, entry: AuditEntry) -> None:
        """Write the entry's line."""
        line = msgspec.json.encode(audit_entry(entry)) + b"\n"
        try:
            self._reopen_if_moved()
            self._write(line)
        except OSError as error:
            if not self._lost:
                log.warning("cannot write to --audit-log, entries are in the database alone: %s", error)
            self._lost += 1
            return
        if self._lost:
            log.warning("--audit-log can be written to again", extra={"lost": self._lost})
            self._lost = 0

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._path is not None and self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
        self._file = -1

    def _write(self, line: bytes) -> None:
        if self._path is None and not select.select([], [self._file], [], 0)[1]:
            raise OSError("nobody reads it")
        whole = b"\n" + line if self._is_torn else line
        written = os.write(self._file, whole)
        if written < len(whole):  # a full disk may take a part
            self._is_torn = True
            raise OSError("the line was written in part")
        self._is_torn = False

    def _open(self) -> None:
        if self._path is None:
            self._file = sys.stdout.fileno()
            return
        # A pipe that nobody reads must not stop the server.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        self._file = os.open(self._path, flags, _MODE)

    def _reopen_if_moved(self) -> None:
        if self._path is None:
            return
        try:
            there = self._path.stat()
            same = self._file >= 0 and os.path.samestat(there, os.fstat(self._file))
        except FileNotFoundError:
            same = False
        if not same:
            self.close()
            self._open()
            self._is_torn = False
