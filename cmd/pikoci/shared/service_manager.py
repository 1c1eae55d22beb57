"""Telling systemd how a service does (sd_notify(3)); silent where no one listens."""

from __future__ import annotations

import contextlib
import os
import socket

#: Seconds in which a process must be gone after a cancel, however its steps behave.
CANCEL_LIMIT = 20.0
#: Seconds that a drained process may take beyond the drain timeout.
DRAIN_MARGIN = 15.0
#: Keeps a manager from giving up on a start that takes its time, for half a minute each time.
EXTEND = "EXTEND_TIMEOUT_USEC=30000000"


class ServiceManager:
    """The manager behind NOTIFY_SOCKET, if there is one; the variable goes, for only this process is to talk to it."""

    def __init__(self) -> None:
        address = os.environ.pop("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, *states: str) -> None:
        """Send states such as `READY=1`; a manager that does not listen costs nothing."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            with contextlib.suppress(OSError):
                channel.sendto("\n".join(states).encode(), self._address)


class ServerReport:
    """What a server's first process tells of the one that serves: ready once it does, and each of its heartbeats.

    So the manager's watchdog ends a server that stands still, and not one that is busy reading its database at a start.
    """

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._ready = False
        self._last_beat: float | None = None

    def look(self, beat: float | None) -> None:
        """Tell of the process whose last heartbeat was at `beat`; None: it does not serve yet."""
        if beat is None:
            # Also where a process that died is being replaced, when only the watchdog listens.
            self._manager.tell(EXTEND, "WATCHDOG=1")
            return
        if not self._ready:
            self._ready = True
            self._manager.tell("READY=1")
        if beat != self._last_beat:
            self._last_beat = beat
            self._manager.tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that the server was asked to end."""
        self._manager.tell("STOPPING=1")
