"""Connections to servers, by the standard library's client: plain or with TLS, to the server itself or by a proxy.

A general client takes ten times the memory, and keeps everybody waiting while it is loaded.
"""

from __future__ import annotations

import base64
import os
import re
import select
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO

import gevent

from pikoci.pkg.web.address import Url
from pikoci.pkg.web.errors import WebError, named
from pikoci.pkg.web.trust import trusted

_PIECE = 64 * 1024
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SWITCHING = 101
_LOST = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError)


class _Fair(RawIOBase):
    """What a server says. A server that is always ready would let nobody else run, so each read does."""

    def __init__(self, raw: RawIOBase) -> None:
        self._raw = raw

    def readable(self) -> bool:
        """Of course."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Wait for the next part."""
        count = self._raw.readinto(buffer)
        gevent.sleep(0)
        return count

    def close(self) -> None:
        """Let the connection go."""
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """The answer itself, whatever the server says before it (1xx)."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = BufferedReader(_Fair(self.fp.detach()))

    def begin(self) -> None:
        """Read its head."""
        super().begin()
        while 100 <= self.status < 200 and self.status != _SWITCHING:
            self.headers = None  # type: ignore[assignment] # what says that there is no head yet
            super().begin()


class Connection:
    """One connection, made with its first request. For one greenlet at a time; no method leaves out `close`.

    `address` is where to connect to in place of the name in `url`, `tls` what to believe about the server. No silence
    is longer than `silence` seconds.
    """

    def __init__(self, url: Url, tls: ssl.SSLContext | None, silence: float, address: str, proxy: Url | None) -> None:
        self._url, self._tls, self._silence, self._proxy = url, tls, silence, proxy
        place = proxy or url
        self._http = HTTPConnection(address or place.host, place.port, timeout=silence)
        self._http.response_class = _Response
        self._response: HTTPResponse | None = None

    @property
    def reusable(self) -> bool:
        """Whether the last answer was read to its end, and the server has not hung up since."""
        if self._http.sock is None or self._response is None or not self._response.isclosed():
            return False
        poll = select.poll()
        poll.register(self._http.sock, select.POLLIN)
        return not poll.poll(0)

    def ask(self, method: str, url: Url, headers: Mapping[str, str], body: bytes | BinaryIO) -> HTTPResponse:
        """The head of an answer to a request. Raises WebError, and what reading the body raises."""
        _check(headers)
        forwarded = self._proxy is not None and url.scheme == "http"
        target, more = (str(url), _login(self._proxy)) if forwarded else (url.target, {})
        self._response = None
        content, own = (body or None, {}) if isinstance(body, bytes) else _measured(body)
        try:
            with named(self._silence):
                if self._http.sock is None:
                    self._connect()
                with suppress(*_LOST):  # who refuses what is sent hangs up in the midst of it; the answer says why
                    self._http.request(method, target, content, _once({**headers, **more, **own}))
                self._response = self._http.getresponse()
                return self._response
        except _SourceError as error:
            raise error.cause from None

    def pieces(self) -> Iterator[bytes]:
        """The body of the answer, as it comes. Raises WebError, also for one that is not whole."""
        assert self._response is not None
        while True:
            with named(self._silence):
                piece = self._response.read1(_PIECE)
                if not piece and self._response.length:
                    raise IncompleteRead(b"", self._response.length)
                if not piece:
                    self._response.read()  # which marks the answer of a HEAD, and an empty one, as read
                    return
            yield piece

    def close(self) -> None:
        """Hang up."""
        if self._response is not None:
            self._response.close()
        self._http.close()

    def _connect(self) -> None:
        self._http.connect()
        assert self._http.sock is not None
        if self._proxy is not None and self._proxy.scheme == "https":
            self._http.sock = trusted().wrap_socket(self._http.sock, server_hostname=self._proxy.host)
        if self._tls is None:
            return
        if self._proxy is not None:
            self._lead(self._proxy)
        self._http.sock = self._tls.wrap_socket(self._http.sock, server_hostname=self._url.host)

    def _lead(self, proxy: Url) -> None:
        """Have the proxy lead on to the server."""
        place = self._url.host_and_port
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        lines += [f"{name}: {value}" for name, value in _login(proxy).items()]
        self._http.sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        answer = _Response(self._http.sock, method="CONNECT")
        answer.begin()
        answer.close()
        if not 200 <= answer.status < 300:
            raise WebError("the proxy that the environment names refuses", fault="proxy")
        if isinstance(self._http.sock, ssl.SSLSocket):
            self._http.sock = _relayed(self._http.sock)


class _SourceError(Exception):
    """What is to be sent could not be read: no fault of the connection."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def _measured(file: BinaryIO) -> tuple[Iterator[bytes], dict[str, str]]:
    """The rest of a file, and the header with its length."""
    start = file.tell()
    size = max(0, file.seek(0, os.SEEK_END) - start)
    file.seek(start)
    return _parts(file, size), {"Content-Length": str(size)}


def _parts(file: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file that somebody may be writing to."""
    while size > 0:
        try:
            part = file.read(min(size, _PIECE))
        except Exception as error:
            raise _SourceError(error) from error
        if not part:
            raise WebError("the file became shorter while it was sent", fault="request")
        size -= len(part)
        yield part
        gevent.sleep(0)  # a server that always takes more would let nobody else run


def _check(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not (_HEADER.fullmatch(name) and value.isascii() and value.replace("\t", " ").isprintable()):
            raise WebError("the address or a setting cannot be used", fault="request")


def _once(headers: Mapping[str, str]) -> dict[str, str]:
    """Of those that differ in the size of their letters only, the last."""
    return dict({name.lower(): (name, value) for name, value in headers.items()}.values())


def _login(proxy: Url | None) -> dict[str, str]:
    if proxy is None or proxy.login is None:
        return {}
    return {"Proxy-Authorization": f"Basic {base64.b64encode(':'.join(proxy.login).encode()).decode()}"}


def _relayed(outer: ssl.SSLSocket) -> socket.socket:
    """A socket whose other end is `outer`, for TLS within TLS: Python puts that around plain sockets only."""
    inner, relay = socket.socketpair()
    inner.settimeout(outer.gettimeout())
    outer.settimeout(None)
    for source, target in ((relay, outer), (outer, relay)):
        gevent.spawn(_relay, source, target)
    return inner


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)  # which also ends what the other greenlet waits for
        one.close()
