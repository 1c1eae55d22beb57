"""A supervisor: one command at a time, with everything that descends from it."""

import os
import select
import socket
from math import inf

from .family import reap
from .kernel import ChildBell, boot_time
from .messages import HOLD, READY, RUN, STOP, UNTIL, receive
from .run import Run

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
        self._order: tuple[bool, bytes, float, list[int]] | None = None
        self._run: Run | None = None

    def serve(self) -> bool:
        """Run what is asked for until the lifeline is cut; tell whether nobody is left."""
        self._look_for_parent()  # it may have gone before it could be noticed
        self._send(b"%s %d" % (READY, os.getpid()))
        while not self._cut:
            self._wait(None)
            if self._order and not self._cut:
                holds, serial, deadline, descriptors = self._order
                self._order = None
                run = Run(serial, deadline, self._wait, self._send if holds else None)
                self._send(self._see_through(run, descriptors))
                # Only now: the end of the output must not wake the worker before the report does.
                for descriptor in descriptors:
                    os.close(descriptor)
        return not reap(lambda *_: None)

    def _see_through(self, run: Run, descriptors: list[int]) -> bytes:
        """Run one command to its end and give the message about it."""
        self._run = run
        try:
            return run.see_through(descriptors, self._null)
        finally:
            self._run = None
            self._cut = self._cut or run.survives  # the zygote adopts them and tries again

    def _wait(self, seconds: float | None) -> None:
        """Sleep until a child ends, a message comes, the parent is gone, or the time is over; mind the deadline."""
        deadline = self._run.deadline if self._run else inf
        if deadline < inf:
            left = min(max(deadline - boot_time(), 0.0), LOOK_SECONDS)
            seconds = left if seconds is None else min(seconds, left)
        for descriptor, _event in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._bell.fileno():
                self._bell.silence()
            else:
                self._receive()
        self._look_for_parent()
        if self._run and boot_time() >= self._run.deadline:
            self._run.lapse()

    def _look_for_parent(self) -> None:
        """Take the zygote's end like the worker's: without it nobody would adopt what a killed supervisor leaves."""
        if os.getppid() != self._parent:
            self._cut_lifeline()

    def _receive(self) -> None:
        """Take a message. One about another run than the present one came late: its command has ended by itself."""
        message, descriptors = receive(self._lifeline)
        run = self._run
        match message.split():
            case []:
                self._cut_lifeline()
            case [verb, serial, deadline] if verb in {RUN, HOLD}:
                self._order = verb == HOLD, serial, float(deadline), descriptors
            case [verb, serial, deadline] if run and verb == UNTIL and serial == run.serial:
                run.deadline = float(deadline)
            case [verb, serial, grace] if run and verb == STOP and serial == run.serial:
                run.stop(float(grace))

    def _cut_lifeline(self) -> None:
        if not self._cut:
            self._cut = True
            self._poll.unregister(self._lifeline)  # its end would wake us without a pause
            if self._run:
                self._run.stop(0.0)

    def _send(self, message: bytes) -> None:
        try:
            self._lifeline.send(message)
        except OSError:
            self._cut_lifeline()
