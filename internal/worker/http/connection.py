"""Requests of one worker to its server, over connections that are kept.

The standard library's client, one connection to a request: a third of what a general client costs, and a short build is
little more than two requests.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, RemoteDisconnected
from urllib.parse import SplitResult, urlsplit

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.wire import INSTANCE_HEADER, MSGPACK, WORKER_HEADER
from pikoci.internal.worker.http.refusals import broken, refusal, unreachable

_HOST = re.compile(r"[\w.:%-]+")
_CONNECT_SECONDS = 5.0
_KEPT_CONNECTIONS = 32  # there are never more than requests at once
_KEPT_SECONDS = 60.0  # less than the server's 75, so that it is not the server who hangs up
_PIECE = 64 * 1024
#: What says that a kept connection had ended before this request: the server has not seen it, or may see it twice.
_ENDED = (RemoteDisconnected, BrokenPipeError, ConnectionResetError)

_Body = bytes | Iterable[bytes]


class _SourceError(Exception):
    """What a body was to be made of could not be had: no fault of the connection."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ServerConnection:
    """A server, a token and who this worker is. Shared by all greenlets; the token is in no log, error or `repr`.

    It talks to the server itself, whatever proxies the environment names. Every request is one that may come twice:
    one that a kept connection did not survive is sent again. Raises InvalidError for an address or a token that
    cannot be.
    """

    def __init__(self, url: str, token: str, name: str, instance: str, read_timeout: float) -> None:
        self.address = server_address(url)
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidError(
                "--worker-token is empty, or contains characters that are never in a token", hint="copy it again"
            )
        self._headers = {
            "Authorization": f"Bearer {token}",
            WORKER_HEADER: name,
            INSTANCE_HEADER: instance,
            "Accept-Encoding": "identity",
        }
        self._read_timeout = read_timeout
        self._server = urlsplit(self.address)
        self._prefix = f"{self._server.path}/api/v1/worker"
        self._tls = ssl.create_default_context() if self._server.scheme == "https" else None
        self._idle: list[tuple[HTTPConnection, float]] = []

    def post(self, path: str, content: _Body = b"", *, kind: str = MSGPACK, timeout: float | None = None) -> bytes:
        """What the server answers. Raises what the contract of the gateway names."""
        with self._open("POST", path, content, {"Content-Type": kind}, timeout) as response:
            return response.read()

    def stream(self, path: str, timeout: float | None = None) -> Iterator[bytes]:
        """An answer in pieces as they come, at most `timeout` seconds apart. Closing the iterator hangs up."""
        with self._open("GET", path, b"", {}, timeout) as response:
            while piece := response.read1(_PIECE):
                yield piece
            if response.length:
                raise ConnectionResetError("it ended too soon")

    def close(self) -> None:
        """Close every connection that no request uses."""
        while self._idle:
            self._idle.pop()[0].close()

    @contextmanager
    def _open(
        self, method: str, path: str, content: _Body, headers: dict[str, str], timeout: float | None
    ) -> Iterator[HTTPResponse]:
        """An answer to be read; its connection is kept if it was read to its end."""
        source = content if isinstance(content, bytes) else _named(content)
        try:
            connection, response = self._ask(method, path, source, self._headers | headers, timeout)
            try:
                if not 200 <= response.status < 300:
                    raise refusal(response, response.read(), self.address)
                yield response
            finally:
                self._put_back(connection, response)
        except _SourceError as error:
            raise error.cause from None
        except (OSError, HTTPException) as error:
            raise broken(error, self.address) from error

    def _ask(
        self, method: str, path: str, content: _Body, headers: dict[str, str], timeout: float | None
    ) -> tuple[HTTPConnection, HTTPResponse]:
        seconds = timeout or self._read_timeout
        if isinstance(content, bytes) and (kept := self._take_idle()) is not None:
            try:
                return kept, _exchange(kept, method, self._prefix + path, content, headers, seconds)
            except _ENDED:
                pass  # the server had hung up
        fresh = self._connect()
        return fresh, _exchange(fresh, method, self._prefix + path, content, headers, seconds)

    def _take_idle(self) -> HTTPConnection | None:
        """The connection that was used last, unless that is too long ago."""
        if not self._idle:
            return None
        connection, since = self._idle.pop()
        if time.monotonic() - since < _KEPT_SECONDS:
            return connection
        connection.close()
        self.close()  # the others were used even longer ago
        return None

    def _put_back(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        if response.isclosed() and connection.sock is not None and len(self._idle) < _KEPT_CONNECTIONS:
            self._idle.append((connection, time.monotonic()))
        else:
            response.close()
            connection.close()

    def _connect(self) -> HTTPConnection:
        connection = _connection(self._server, self._tls)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise unreachable(error, self.address) from error
        return connection


def server_address(url: str) -> str:
    """The address without a slash at its end, with `http://` where it names no scheme. Raises InvalidError."""
    text = url.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.query or parts.fragment or parts.username is not None:
        raise InvalidError(
            "--pikoci-url is not a server address", hint="it looks like http://ci.example.com:8080, without a login"
        )
    return text.rstrip("/")


def _named(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a body; an error of theirs is told from one of the connection."""
    try:
        yield from pieces
    except Exception as error:
        raise _SourceError(error) from error


def _connection(server: SplitResult, tls: ssl.SSLContext | None) -> HTTPConnection:
    assert server.hostname is not None
    if tls is None:
        return HTTPConnection(server.hostname, server.port, timeout=_CONNECT_SECONDS)
    return HTTPSConnection(server.hostname, server.port, timeout=_CONNECT_SECONDS, context=tls)


def _exchange(
    connection: HTTPConnection, method: str, path: str, content: _Body, headers: dict[str, str], seconds: float
) -> HTTPResponse:
    """Send a request and read the head of the answer; the connection is closed where that fails."""
    try:
        connection.sock.settimeout(seconds)
        try:
            connection.request(method, path, body=content, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            if isinstance(content, bytes):
                raise
            # A server that refuses an upload hangs up in the midst of it; its answer says why.
        return connection.getresponse()
    except BaseException:
        connection.close()
        raise
