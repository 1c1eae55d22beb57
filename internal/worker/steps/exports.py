"""What a task hands to later steps through the file `$PIKOCI_OUTPUT`."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from pikoci.internal.worker.tools.outcome import StepError, failed

_SHOWN = 80  # characters of a line
_WARNINGS = 10


def read_exports(path: Path, limit: int, warn: Callable[[str], None], owner: int | None = None) -> dict[str, object]:
    """The `KEY=VALUE` lines of the file; no file is no exports. The last of equal keys counts.

    Empty lines and those that begin with `#` are passed over, and so is anything else, but `warn` is told of it. Raises
    StepError for a file of more than `limit` bytes, and for one of another user than `owner`, if given.
    """
    try:
        # Whatever a task made of the path, opening and reading it must not block: O_NONBLOCK is for a FIFO.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or owner not in {None, found.st_uid}:
                raise StepError(failed("$PIKOCI_OUTPUT is no longer a plain file"))
            data = file.read(limit + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StepError(failed(f"$PIKOCI_OUTPUT cannot be read: {error.strerror}")) from error
    if len(data) > limit:
        raise StepError(failed(f"$PIKOCI_OUTPUT is larger than {limit} bytes; pass large values in files"))
    values: dict[str, object] = {}
    bad = []
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        key, separator, value = line.rstrip("\r").partition("=")
        if separator and key.strip() and not key.startswith("#") and "\0" not in line:
            values[key.strip()] = value
        elif line.strip() and not line.startswith("#"):
            bad.append(f"line {number} of $PIKOCI_OUTPUT is not KEY=VALUE, and passed over: {line[:_SHOWN]!r}")
    for text in bad[:_WARNINGS]:
        warn(text)
    if len(bad) > _WARNINGS:
        warn(f"so are {len(bad) - _WARNINGS} more")
    return values
