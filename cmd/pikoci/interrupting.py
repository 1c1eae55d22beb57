"""Ctrl-C ends the program, whatever it does at that moment.

Imported before all else, so nothing is imported here that Python has not imported already.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

    Handler = Callable[[int, FrameType | None], object]

STATUS = 130
#: So long an exception has to end the program; it may be lost, or meet a lock that is never released.
_PATIENCE_SECONDS = 0.7


def end_at_interrupts() -> None:
    """Let SIGINT end the process at once, with one line; for imports, which an exception would leave half done.

    Where it was ignored at the start it stays so, and none of these functions does anything.
    """
    _replace(signal.default_int_handler, _end)


def raise_at_interrupts() -> None:
    """Let SIGINT raise KeyboardInterrupt, and end the process where that does not, or at the second one."""
    _replace(_end, _interrupt)


def end_at_interrupts_again() -> None:
    """Undo `raise_at_interrupts`: nothing is left that an exception could reach."""
    _replace(_interrupt, _end)


def end_interrupted(sentence: str = "Interrupted.") -> NoReturn:
    """End the process without waiting for anything but its output."""
    try:
        sys.stdout.flush()
    finally:
        _leave(sentence)


def _replace(known: Handler, new: Handler) -> None:
    """Change the handler, unless a command has installed its own."""
    if signal.getsignal(signal.SIGINT) is known:
        signal.signal(signal.SIGINT, new)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE_SECONDS)
    raise KeyboardInterrupt


def _end(_: int, __: FrameType | None) -> NoReturn:
    _leave("Interrupted.")


def _leave(sentence: str) -> NoReturn:
    try:
        os.write(2, f"\n{sentence}\n".encode())  # the terminal has shown ^C in the current line
    finally:
        os._exit(STATUS)
