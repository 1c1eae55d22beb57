"""Sockets that are closed when they can't be connected; the library leaves them to the garbage collector."""

from __future__ import annotations

import socket
from typing import Any

from kafka.net.inet import KafkaNetSocket

_SCHEME = "pikoci"

#: The value of the library's setting `proxy_url` that makes it use these sockets; no proxy is involved.
SOCKETS = f"{_SCHEME}://"


class ClosingSocket(KafkaNetSocket):  # type: ignore[misc]  # the library has no types
    """Registers itself with the library under its scheme."""

    SCHEMES = (_SCHEME,)

    async def sock_connect(
        self, net: Any, sock: socket.socket, sockaddr: Any, timeout_at: float | None = None
    ) -> socket.socket:
        """See the library's class."""
        try:
            connected: socket.socket = await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise
        return connected
