"""What a task hands to later steps through the file `$PIKOCI_OUTPUT`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pikoci.internal.worker.tools.outcome import StepError, failed


def read_exports(path: Path, limit: int, owner: int | None = None) -> dict[str, object]:
    """The `KEY=VALUE` lines of the file; no file is no exports. Blank lines are skipped, the last of equal keys counts.

    Raises StepError, naming the line, for anything else, for a file of more than `limit` bytes, and for one of another
    user than `owner`, if given.
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
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return dict(_parse(number, line.rstrip("\r")) for number, line in enumerate(lines, 1) if line.strip())


def _parse(number: int, line: str) -> tuple[str, str]:
    key, separator, value = line.partition("=")
    key = key.strip()
    if not separator or not key or "\0" in line:
        raise StepError(failed(f"line {number} of $PIKOCI_OUTPUT is not KEY=VALUE: {line[:80]!r}"))
    return key, value
