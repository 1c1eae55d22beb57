"""What all probes have: attempts that are tried one after another, and a place to bring loot to.

A probe runs as a build's command, with nothing of the project around it.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

TARGETS: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
libc = ctypes.CDLL(None, use_errno=True)
_SECONDS = 8
_LARGEST = 8 * 1024 * 1024


class TooLongError(Exception):
    """An attempt took too long."""


def attempt(name: str, action: Callable[[], object]) -> object:
    """Try something, and say what the system answered; what it gave is its value, None for an error."""
    signal.alarm(_SECONDS)
    try:
        value = action()
    except OSError as error:
        say(name, errno.errorcode.get(error.errno or 0, str(error)))
    except TooLongError:
        say(name, "took too long")
    except Exception as error:  # noqa: BLE001 - a probe that breaks proves nothing, and its test must know
        say(name, f"broke: {error!r}")
    else:
        say(name, f"had {value!r}"[:80])
        return value
    finally:
        signal.alarm(0)
    return None


def say(name: str, answer: str) -> None:
    """Write a line that the test reads."""
    print(f"ATTEMPT {name} {answer}".replace("\n", " "), flush=True)


def bring(data: bytes | str) -> int:
    """Put something with the loot; how many bytes."""
    raw = data.encode() if isinstance(data, str) else data
    with Path(TARGETS["loot"]).open("ab") as file:
        return file.write(raw + b"\n")


def take(path: str) -> int:
    """Bring a file home."""
    with Path(path).open("rb") as file:
        return bring(file.read(_LARGEST))


def call(function: str, *arguments: object) -> int:
    """Call a function of C; raises OSError where it answers -1."""
    result = int(getattr(libc, function)(*arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _too_long(_: int, __: FrameType | None) -> None:
    raise TooLongError


signal.signal(signal.SIGALRM, _too_long)
