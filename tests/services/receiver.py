"""Servers that messages are sent to: one for HTTP that behaves as its path says, and one for SMTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import gevent
from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer

_PIECE = b"x" * 65536


@dataclass
class Request:
    """What somebody posted."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Keeps what is posted. The first part of a path says what becomes of it; `failures` is how often `flaky` fails.

    `answers` has other answers than `ok`, by path.
    """

    requests: list[Request] = field(default_factory=list)
    failures: int = 2
    answers: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        path = environ["PATH_INFO"]
        self.requests.append(Request(environ["REQUEST_METHOD"], path, headers, environ["wsgi.input"].read()))
        behaviour = path.split("/")[1]
        if behaviour == "silent":
            gevent.sleep(600)
        if behaviour == "moved":
            start("302 Found", [("Location", "/ok/elsewhere")])
            return [b""]
        if behaviour == "broken" or (behaviour == "flaky" and len(self.requests) <= self.failures):
            start("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [f"\x1b[31mno luck with {path}\n".encode()]
        start("200 OK", [("Content-Type", "text/plain")])
        return _huge() if behaviour == "huge" else [self.answers.get(path, b"ok")]


def _context(certificates: Path | None) -> ssl.SSLContext:
    assert certificates is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    return context


def _huge() -> Iterator[bytes]:
    while True:
        yield _PIECE


@contextmanager
def receiving(receiver: Receiver, certificates: Path | None = None) -> Iterator[str]:
    """The address of a receiver, while it answers; an https one with `certificates` (see `make_certificates`)."""
    tls = {"ssl_context": _context(certificates)} if certificates else {}
    server = WSGIServer(("127.0.0.1", 0), receiver, log=None, error_log=None, **tls)  # type: ignore[call-overload] # one of two
    server.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=0.1)


@dataclass
class Mailbox:
    """A mail server that keeps what it is given. `lines` are the commands that came, without a mail's own lines.

    With `certificates` (see `make_certificates`) it offers STARTTLS, or speaks TLS from the start if it is `wrapped`.
    It never stops talking if it is `chatty`.
    """

    certificates: Path | None = None
    wrapped: bool = False
    chatty: bool = False
    refuses: bool = False
    mails: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def serve(self, sock: Any, _: object) -> None:
        """Talk to one client."""
        with suppress(OSError):  # the client hung up
            self._talk(_context(self.certificates).wrap_socket(sock, server_side=True) if self.wrapped else sock)

    def _talk(self, sock: Any) -> None:
        file = sock.makefile("rb")
        sock.sendall(b"220 here\r\n")
        while line := file.readline().decode().strip():
            self.lines.append(line)
            word = line.split(":")[0].split()[0].upper()
            if self.chatty:
                while True:
                    sock.sendall(b"250-and another thing\r\n" * 1000)
            if word == "STARTTLS":
                sock.sendall(b"220 go\r\n")
                sock = _context(self.certificates).wrap_socket(sock, server_side=True)
                file = sock.makefile("rb")
                continue
            sock.sendall(self._answer(word, sock, file))
            if word == "QUIT":
                sock.close()
                return

    def _answer(self, word: str, sock: Any, file: BinaryIO) -> bytes:
        if word == "EHLO":
            offers = [b"AUTH PLAIN"] if isinstance(sock, ssl.SSLSocket) else []
            offers += [b"STARTTLS"] if self.certificates and not isinstance(sock, ssl.SSLSocket) else []
            return b"250-here\r\n" + b"".join(b"250-%s\r\n" % offer for offer in offers) + b"250 8BITMIME\r\n"
        if word == "AUTH":
            return b"235 in\r\n"
        if word == "DATA":
            sock.sendall(b"354 go on\r\n")
            rows = []
            while (row := file.readline()) != b".\r\n":
                rows.append(row.decode())
            self.mails.append("".join(rows))
            return b"550 not wanted: secret-word\r\n" if self.refuses else b"250 kept\r\n"
        return b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n"


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """The port of a mail server, while it answers."""
    server = StreamServer(("127.0.0.1", 0), mailbox.serve)
    server.start()
    try:
        assert server.server_port is not None
        yield server.server_port
    finally:
        server.stop(timeout=0.1)
