"""Taking the server's port before anything else is started."""

from __future__ import annotations

import errno
import socket
import time

from pikoci.internal.domain.errors import InvalidError
from pikoci.shared.addresses import authority

#: An earlier process of this server that was killed may hold the port for a moment longer.
_PATIENCE = 5.0
_PAUSE = 0.2
_BACKLOG = 2048
_ANOTHER = "stop the program that has it, or take another port: --port {0}, or PORT={0} before the command"


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises InvalidError naming the flags when the address cannot be had."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            both = host == "::" and socket.has_dualstack_ipv6()
            return _bound(socket.socket(family, socket.SOCK_STREAM), (host, port), both=both)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(_PAUSE)
                continue
            hint = _ANOTHER.format(port % 65535 + 1) if error.errno == errno.EADDRINUSE else ""
            raise InvalidError(
                f"--host and --port: cannot listen on {authority(host, port)}: {error.strerror}", hint=hint
            ) from error


def _bound(listener: socket.socket, address: tuple[str, int], *, both: bool) -> socket.socket:
    """The socket, listening on the address; on IPv4's as well with `both`. Raises OSError, and closes it then."""
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
        # A connection has the options that its listener has when the handshake ends, which is before anybody accepts
        # it: set after `listen`, this would be missing in those that came in between.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
