"""The zygote: a small process that forks supervisors, and kills whatever any of them leaves behind."""

import gc
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

from .family import kill_children, send
from .kernel import (
    ChildBell,
    adopt_orphans,
    close_to_others,
    ignore_stop_signals,
    set_process_name,
    signal_at_parent_death,
)
from .messages import FAILED, READY, receive
from .run import KILL_LIMIT_SECONDS
from .supervisor import Supervisor

# After the worker's end every supervisor has its own limit; this one is past it.
WIND_UP_SECONDS = KILL_LIMIT_SECONDS + 2.0
# Orphans were sent SIGKILL when they were adopted; who is left after this time cannot be killed.
ORPHANS_SECONDS = 1.0
RESCAN_SECONDS = 0.05
# No part of the worker's own name: `pkill -9` of that name must leave somebody to clean up after it.
ZYGOTE_NAME = "build-zygote"
SUPERVISOR_NAME = "build-superv"


class Zygote:
    """Serves one end of the control socket until the worker closes the other, by intent or by its death."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._bell = ChildBell()
        self._supervisors: set[int] = set()
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)

    def serve(self) -> None:
        """Fork a supervisor for each socket that arrives; at the end outlive all of them."""
        with suppress(BrokenPipeError):  # the worker is gone already, which the first look tells
            self._control.send(READY)
        while self._wait(None):
            self._reap()
        self._poll.unregister(self._control)
        limit = time.monotonic() + WIND_UP_SECONDS
        while self._reap() and time.monotonic() < limit:
            if not self._supervisors:
                limit = min(limit, time.monotonic() + ORPHANS_SECONDS)
            self._wait(RESCAN_SECONDS)
        for pid in self._supervisors:
            send(pid, signal.SIGKILL)
        self._supervisors.clear()
        self._reap()

    def _wait(self, seconds: float | None) -> bool:
        """Sleep until something happens; false when the worker is gone."""
        for descriptor, _event in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._bell.fileno():
                self._bell.silence()
            elif not self._receive():
                return False
        return True

    def _receive(self) -> bool:
        message, descriptors = receive(self._control)
        for descriptor in descriptors:
            with socket.socket(fileno=descriptor) as lifeline:
                self._fork(lifeline)
        return bool(message)

    def _fork(self, lifeline: socket.socket) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            with suppress(OSError):  # the worker may have lost its patience
                lifeline.send(FAILED + f" the system cannot start another process now ({error.strerror})".encode())
            return
        if pid:
            self._supervisors.add(pid)
            return
        status = 1
        try:
            self._become_supervisor(lifeline, parent)
            status = 0
        except Exception:  # noqa: BLE001 - the outermost frame of this process; what it ran is killed by the zygote
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)

    def _become_supervisor(self, lifeline: socket.socket, parent: int) -> None:
        self._control.close()
        self._bell.close()
        bell = ChildBell()
        adopt_orphans()
        set_process_name(SUPERVISOR_NAME)
        # Like a child's end, the parent's end makes the supervisor look around.
        signal_at_parent_death(signal.SIGCHLD)
        if not Supervisor(lifeline, bell, parent).serve():
            os._exit(1)

    def _reap(self) -> bool:
        """Collect who has ended and kill who was orphaned; tell whether anybody is left."""
        orphans = False
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                # A supervisor ends with 0 only when nothing was left below it.
                orphans |= status != 0 or pid not in self._supervisors
                self._supervisors.discard(pid)
        except ChildProcessError:
            return False
        if orphans:
            kill_children(os.getpid(), spare=self._supervisors)
        return True


def main(descriptor: int) -> None:
    """Run the zygote on its end of the control socket."""
    close_to_others()
    ignore_stop_signals()
    adopt_orphans()
    set_process_name(ZYGOTE_NAME)
    with socket.socket(fileno=descriptor) as control:
        control.set_inheritable(False)
        zygote = Zygote(control)
        gc.collect()
        gc.freeze()  # a collection in a fork would copy all the memory it looks at
        zygote.serve()
