"""A supervisor: one command at a time, with everything that descends from it."""

import os
import select
import socket
import time
from math import inf

from .family import ask_to_stop, kill_children
from .kernel import ChildBell
from .launch import LaunchError, launch
from .user import launch_as
from .wire import (
    FAILED,
    MAX_MESSAGE_BYTES,
    MAX_REQUEST_BYTES,
    READY,
    RUN,
    STOP,
    UNTIL,
    Report,
    Request,
    decode_request,
    encode_report,
    receive,
)

# What the ended command left behind may still end by itself: in `exec > >(tee log)`, tee writes its last lines after
# the shell's end.
LINGER_SECONDS = 0.2
# Processes that SIGKILL does not end within this time are another user's, or stuck in the kernel.
KILL_LIMIT_SECONDS = 5.0
# A pause between two rounds of killing; the end of any process cuts it short.
RESCAN_SECONDS = 0.005
# ``poll`` does not count the time in which the machine is suspended; the clock of deadlines does.
LOOK_SECONDS = 1.0


class Supervisor:
    """Serves one end of a lifeline until its other end is closed, or its own parent ends."""

    def __init__(self, lifeline: socket.socket, bell: ChildBell, parent: int) -> None:
        self._lifeline = lifeline
        self._bell = bell
        self._parent = parent
        self._poll = select.poll()
        self._poll.register(lifeline, select.POLLIN)
        self._poll.register(bell, select.POLLIN)
        self._null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        self._cut = False
        self._order: tuple[bytes, float, list[int]] | None = None
        self._forget()

    def serve(self) -> bool:
        """Run what is asked for until the lifeline is cut; tell whether nobody is left."""
        self._look_for_parent()  # it may have gone before it could be noticed
        self._send(b"%s %d" % (READY, os.getpid()))
        while not self._cut:
            self._wait(None)
            if self._order and not self._cut:
                self._serial, self._deadline, descriptors = self._order
                self._order = None
                self._send(self._run(descriptors))
                # Only now: the end of the output must not wake the worker before the report does.
                for descriptor in descriptors:
                    os.close(descriptor)
                self._forget()
        return not self._reap()

    def _forget(self) -> None:
        """Be ready for the next command."""
        self._serial = b""
        self._main = -1
        self._refusal = -1
        self._status = -1
        self._usage = (0, 0.0, 0.0)
        self._kill_at: float | None = None
        self._stopped = False
        self._deadline = inf
        self._lapsed = False

    def _run(self, descriptors: list[int]) -> bytes:
        """Run one command to its end and give the message about it."""
        if len(descriptors) < 3:
            return FAILED + b" the process that supervises the command has too many open files"
        if _now() >= self._deadline:
            return encode_report(Report(-1, stopped=True, lapsed=True))
        request, stdout, stderr, *rest = descriptors
        try:
            stdin = rest[0] if rest else self._null
            packed = os.pread(request, MAX_REQUEST_BYTES, 0)
            self._start(decode_request(packed), (stdin, stdout, stderr))
        except (LaunchError, OSError) as error:
            return FAILED + b" " + str(error).encode("utf-8", "backslashreplace")
        finally:
            os.chdir("/")
        report = self._see_through()
        self._cut = self._cut or report.survivors > 0  # the zygote adopts them and tries again
        return self._refused() or encode_report(report)

    def _start(self, request: Request, stdio: tuple[int, int, int]) -> None:
        if request.user is None:
            self._main = launch(request, stdio)
        else:
            self._main, self._refusal = launch_as(request, request.user, stdio)

    def _refused(self) -> bytes:
        """Give the message about a command that ended before it became a program; nothing (empty) for all others."""
        if self._refusal < 0:
            return b""
        with open(self._refusal, "rb", buffering=0) as pipe:
            why = b"" if self._stopped else pipe.read(MAX_MESSAGE_BYTES - len(FAILED) - 1)
        return FAILED + b" " + why if why else b""

    def _see_through(self) -> Report:
        """Wait for the end of the command and of all it started."""
        while self._reap() and self._status < 0 and self._kill_at is None:
            self._wait(None)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + LINGER_SECONDS
        while self._reap() and (rest := self._kill_at - time.monotonic()) > 0:
            self._wait(rest)
        killed, survivors = self._kill_all()
        leftovers = 0 if self._stopped else killed
        return Report(
            self._status,
            stopped=self._stopped,
            lapsed=self._lapsed,
            leftovers=leftovers,
            survivors=survivors,
            usage=self._usage,
        )

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
        """Collect who has ended; tell whether anybody is left. Orphans come to us: nobody left means nobody at all."""
        try:
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self._main:
                    self._status = status
                    self._usage = (usage.ru_maxrss, usage.ru_utime, usage.ru_stime)
        except ChildProcessError:
            return False

    def _wait(self, seconds: float | None) -> None:
        """Sleep until a child ends, a message comes, the parent is gone, or the time is over; mind the deadline."""
        if self._deadline < inf:
            left = min(max(self._deadline - _now(), 0.0), LOOK_SECONDS)
            seconds = left if seconds is None else min(seconds, left)
        for descriptor, _event in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._bell.fileno():
                self._bell.silence()
            else:
                self._receive()
        self._look_for_parent()
        if _now() >= self._deadline:
            self._lapse()

    def _look_for_parent(self) -> None:
        """Take the zygote's end like the worker's: without it nobody would adopt what a killed supervisor leaves."""
        if os.getppid() != self._parent:
            self._cut_lifeline()

    def _receive(self) -> None:
        message, descriptors = receive(self._lifeline)
        match message.split():
            case []:
                self._cut_lifeline()
            case [verb, serial, deadline] if verb == RUN:
                self._order = serial, float(deadline), descriptors
            case [verb, serial, deadline] if verb == UNTIL and serial == self._serial:
                self._deadline = float(deadline)
            case [verb, serial, grace] if verb == STOP and serial == self._serial:
                self._stop(float(grace))

    def _stop(self, grace: float) -> None:
        """Ask everybody to stop at the first call; later ones only shorten the grace."""
        if self._kill_at is None:
            self._reap()
            self._stopped = self._status < 0
            if grace > 0:
                ask_to_stop(os.getpid(), self._main)
        kill_at = time.monotonic() + grace
        self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)

    def _lapse(self) -> None:
        """Kill what runs: the worker was not there to say that it may go on, and somebody else may start it now."""
        self._deadline = inf
        self._reap()
        self._lapsed = self._status < 0
        self._stop(0.0)

    def _cut_lifeline(self) -> None:
        if not self._cut:
            self._cut = True
            self._poll.unregister(self._lifeline)  # its end would wake us without a pause
            self._stop(0.0)

    def _send(self, message: bytes) -> None:
        try:
            self._lifeline.send(message)
        except OSError:
            self._cut_lifeline()


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
