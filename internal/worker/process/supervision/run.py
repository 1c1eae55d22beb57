"""One command under a supervisor, from its start until nothing that descends from it is left."""

import os
import time
from collections.abc import Callable
from math import inf

from .family import ask_to_stop, kill_children, reap
from .kernel import boot_time
from .launch import LaunchError, launch, message_of
from .messages import FAILED, LEFT, MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES, Ending, decode_request, encode_ending
from .user import launch_as

# What the ended command left behind may still end by itself: in `exec > >(tee log)`, tee writes its last lines after
# the shell's end.
LINGER_SECONDS = 0.2
# Processes that SIGKILL does not end within this time are another user's, or stuck in the kernel.
KILL_LIMIT_SECONDS = 5.0
# A pause between two rounds of killing; the end of any process cuts it short.
RESCAN_SECONDS = 0.005


class Run:
    """One command, with what is known of how it goes.

    ``wait`` sleeps until something happens, for so many seconds at most (None: without end); meanwhile it may call
    ``stop`` and ``lapse``, and move the ``deadline``. ``survives`` says at the end that somebody could not be killed.
    With ``tell_left``, what the ended command leaves behind is kept until ``stop``; a message about its end goes there.
    """

    def __init__(
        self,
        serial: bytes,
        deadline: float,
        wait: Callable[[float | None], None],
        tell_left: Callable[[bytes], None] | None = None,
    ) -> None:
        self.serial = serial
        self.deadline = deadline
        self.survives = False
        self._wait = wait
        self._tell_left = tell_left
        self._main = -1  # the main process; its status stays -1 until it has ended
        self._status = -1
        self._usage = (0, 0.0, 0.0)
        self._refusal = -1  # a pipe that says why the main process never became the program
        self._kill_at: float | None = None  # from when on nobody is asked any more
        self._stopped = False
        self._lapsed = False
        self._holds = False  # the main process has ended, and others are kept

    def see_through(self, descriptors: list[int], null: int) -> bytes:
        """Run the command to its end and give the message about it; without stdin it reads from ``null``."""
        if len(descriptors) < 3:
            return FAILED + b" the process that supervises the command has too many open files"
        if boot_time() >= self.deadline:
            return encode_ending(Ending(-1, stopped=True, lapsed=True))
        request, stdout, stderr, *rest = descriptors
        try:
            self._start(request, (rest[0] if rest else null, stdout, stderr))
        except (LaunchError, OSError) as error:
            return message_of(error)
        finally:
            os.chdir("/")
        ending = self._await_end()
        return self._refused() or encode_ending(ending)

    def stop(self, grace: float) -> None:
        """Ask everybody to stop at the first call; later ones only shorten the grace."""
        if self._kill_at is None:
            self._reap()
            self._stopped = self._status < 0 or self._holds
            if grace > 0:
                ask_to_stop(os.getpid(), self._main)
        kill_at = time.monotonic() + grace
        self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)

    def lapse(self) -> None:
        """Kill what runs: the worker was not there to say that it may go on, and somebody else may start it now."""
        self.deadline = inf
        self._reap()
        self._lapsed = self._status < 0 or self._holds
        self.stop(0.0)

    def _start(self, request: int, stdio: tuple[int, int, int]) -> None:
        asked = decode_request(os.pread(request, MAX_REQUEST_BYTES, 0))
        if asked.user is None:
            self._main = launch(asked, stdio)
        else:
            self._main, self._refusal = launch_as(asked, asked.user, stdio)

    def _refused(self) -> bytes:
        """Give the message about a command that ended before it became a program; nothing (empty) for all others."""
        if self._refusal < 0:
            return b""
        with open(self._refusal, "rb", buffering=0) as pipe:
            # A child that was stopped and could not be killed may hold the other end, and this would wait for it.
            return b"" if self._stopped else pipe.read(MAX_MESSAGE_BYTES)

    def _await_end(self) -> Ending:
        """Wait for the end of the command and of all it started."""
        while self._reap() and self._status < 0 and self._kill_at is None:
            self._wait(None)
        if self._tell_left and self._kill_at is None:
            self._hold(self._tell_left)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + LINGER_SECONDS
        while self._reap() and (rest := self._kill_at - time.monotonic()) > 0:
            self._wait(rest)
        killed, survivors = self._kill_all()
        self.survives = survivors > 0
        return Ending(
            self._status,
            stopped=self._stopped,
            lapsed=self._lapsed,
            leftovers=0 if self._stopped else killed,
            survivors=survivors,
            usage=self._usage,
        )

    def _hold(self, tell_left: Callable[[bytes], None]) -> None:
        """Wait until nobody is left of those whom the ended command left behind, or they are to be stopped."""
        limit = time.monotonic() + LINGER_SECONDS  # who ends by then was not left to run on
        while self._reap() and self._kill_at is None and (rest := limit - time.monotonic()) > 0:
            self._wait(rest)
        if self._kill_at is not None or not self._reap():
            return
        self._holds = True
        tell_left(encode_ending(Ending(self._status, stopped=False, usage=self._usage), LEFT))
        while self._reap() and self._kill_at is None:
            self._wait(None)

    def _kill_all(self) -> tuple[int, int]:
        """Kill until nobody is left; give how many were killed and how many could not be."""
        seen: set[int] = set()
        found: set[int] = set()
        limit = time.monotonic() + KILL_LIMIT_SECONDS
        while self._reap():
            if time.monotonic() > limit:
                # Where /proc hides other users' processes, one that we cannot see is left.
                return len(seen - found), max(len(found), 1)
            found = kill_children(os.getpid())
            seen |= found
            self._wait(RESCAN_SECONDS)
        return len(seen), 0

    def _reap(self) -> bool:
        return reap(self._note_end)

    def _note_end(self, pid: int, status: int, usage: tuple[int, float, float]) -> None:
        if pid == self._main:
            self._status, self._usage = status, usage
