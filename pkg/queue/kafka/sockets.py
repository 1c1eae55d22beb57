"""Sockets that mend what the library does with its own.

It leaves a socket that can't be connected, or secured, to the garbage collector. And when a connection ends it drops
what came just before, such as the broker's word on a refused login.
"""

from __future__ import annotations

import _socket
import socket
import ssl
from typing import Any

from kafka.net.inet import KafkaNetSocket

_SCHEME = "pikoci"

#: The value of the library's setting `proxy_url` that makes it use these sockets; no proxy is involved.
SOCKETS = f"{_SCHEME}://"


class _Mended:
    _came = False

    def recv(self, *arguments: Any) -> bytes:
        """See `socket.recv`. The end is told at the next read, if something came before it."""
        data: bytes = super().recv(*arguments)  # type: ignore[misc]  # of the socket that this is mixed into
        if not data and self._came:
            self._came = False
            raise BlockingIOError
        self._came = bool(data)
        return data

    def __del__(self) -> None:
        """Close what the library forgot; gevent's own `close` must not be called from whatever thread this is."""
        inner = getattr(self, "_sock", None)
        if isinstance(inner, _socket.socket):
            inner.close()


class _PlainSocket(_Mended, socket.socket):
    pass


class _TlsSocket(_Mended, ssl.SSLSocket):
    pass


def use_own_sockets(context: ssl.SSLContext) -> ssl.SSLContext:
    """Have a context make such sockets."""
    context.sslsocket_class = _TlsSocket
    return context


class MendedSocket(KafkaNetSocket):  # type: ignore[misc]  # the library has no types
    """Registers itself with the library under its scheme."""

    SCHEMES = (_SCHEME,)

    def socket(
        self,
        family: int = socket.AF_UNSPEC,
        sock_type: int = socket.SOCK_STREAM,
        proto: int = socket.IPPROTO_TCP,
    ) -> socket.socket:
        """See the library's class."""
        return _PlainSocket(family, sock_type, proto)
