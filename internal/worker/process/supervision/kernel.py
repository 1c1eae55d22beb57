"""What these processes ask of Linux beyond the ``os`` module."""

import ctypes
import os
import signal
import time

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, argument: int | bytes) -> None:
    """Change something about this process. Raises OSError."""
    if libc.prctl(option, argument if isinstance(argument, bytes) else ctypes.c_ulong(argument), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}): {os.strerror(code)}")


def close_to_others() -> None:
    """Close this process's memory, environment and descriptors in /proc, also to its own user; an exec opens them.

    A forked child is closed, too. Raises OSError.
    """
    prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends. Raises OSError."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def signal_at_parent_death(number: int) -> None:
    """Have the kernel send this process a signal when its parent ends. Raises OSError."""
    prctl(_PR_SET_PDEATHSIG, number)


def set_process_name(name: str) -> None:
    """Show a name (at most 15 bytes) in ``ps`` and ``top``. Raises OSError."""
    prctl(_PR_SET_NAME, name.encode()[:15])


def boot_time() -> float:
    """Give the clock of deadlines: seconds since the machine came up, counting those in which it was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ChildBell:
    """A descriptor that becomes readable at each SIGCHLD, for use with ``poll``.

    A forked child makes a new one: the pipe must not be shared with its parent.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def fileno(self) -> int:
        """Give the descriptor to poll."""
        return self._reader

    def silence(self) -> None:
        """Forget the signals so far."""
        try:
            while os.read(self._reader, 4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close both ends; in a forked child the parent's bell is not touched by that."""
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)


def ignore_stop_signals() -> None:
    """Leave it to the worker what a Ctrl-C or a ``systemctl stop`` means: it decides, by closing the lifeline."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
