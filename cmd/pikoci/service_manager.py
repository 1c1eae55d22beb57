"""Telling systemd how a service does (sd_notify(3)); silent where no one listens."""

from __future__ import annotations

import contextlib
import os
import socket


class ServiceManager:
    """The manager behind NOTIFY_SOCKET, if there is one."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, *states: str) -> None:
        """Send states such as `READY=1`; a manager that does not listen costs nothing."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            with contextlib.suppress(OSError):
                channel.sendto("\n".join(states).encode(), self._address)
