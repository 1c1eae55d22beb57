"""Requests within bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from pikoci.pkg.retry_after import parse_retry_after
from pikoci.pkg.web.address import Url, parse
from pikoci.pkg.web.connection import Connection
from pikoci.pkg.web.errors import WebError, within
from pikoci.pkg.web.trust import proxy_for, public_address, trusted

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_OK = 200
_SEE_OTHER, _REWRITTEN, _REDIRECTS = 303, {301, 302}, {301, 302, 303, 307, 308}
_END = "give the address where it ends"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. Names of headers are in lower case, values that came more than once joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is a success, 2xx."""
        return _is_success(self.status)


def retry_after(answer: Answer) -> float:
    """How many seconds the server asks to be left alone; 0 where it names none."""
    return parse_retry_after(answer.headers.get("retry-after", ""))


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: Url
    headers: dict[str, str]
    body: bytes | BinaryIO


@dataclass(frozen=True, slots=True)
class _Begun:
    """An answer whose body is still to be read."""

    status: int
    headers: dict[str, str]
    pieces: Iterator[bytes]


class Sink(Protocol):
    """What a download is written to, such as an open file."""

    def write(self, data: bytes, /) -> object:
        """Take the next part."""


class Web:
    """Requests that share their bounds, and connections while the context is open. Needs a cooperative process.

    An exchange, with all its redirects, takes `seconds` at most, no silence in it is longer than `silence`, and an
    answer has at most `limit` bytes. Up to `redirects` are followed, never from https to http, nor with a body to
    another origin; one to another origin loses credentials: `Authorization`, cookies and the headers named in
    `secret`. With none, a redirect is an answer as any other.

    Without `private` addresses a name is resolved once, has to be public, and the address that was looked at is the
    one that is connected to; `address_hint` tells people what to do about one that is refused. Proxies of the
    environment are used unless `proxies` is False or private addresses are refused, which a proxy could reach.
    `ca` is PEM text with the authorities to believe in place of the machine's, wherever redirects lead. Cookies are
    not kept, and nothing is decompressed. A `Web` is for one greenlet at a time.
    """

    def __init__(
        self,
        *,
        seconds: float,
        limit: int,
        redirects: int = 0,
        private: bool = True,
        ca: str = "",
        address_hint: str = "",
        silence: float = 10.0,
        proxies: bool = True,
        secret: Collection[str] = (),
    ) -> None:
        self._seconds, self._silence, self._limit, self._redirects = seconds, silence, limit, redirects
        self._private, self._proxies, self._address_hint = private, private and proxies, address_hint
        self._ca, self._secret = ca, _CREDENTIALS | {name.lower() for name in secret}
        self._kept: dict[tuple[object, ...], Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        while self._kept:
            self._kept.popitem()[1].close()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO = b"",
        whole: bool = True,
    ) -> Answer:
        """The answer, whatever its status. A file is sent from where it stands to its end, with its length.

        A success with more bytes than the limit is an error, or is cut there if it is not wanted `whole`. What is no
        success is cut, and has no body where that is compressed. Raises WebError.
        """
        with within(self._seconds), self._answered(method, url, headers, body) as answer:
            return self._read(answer, whole=whole)

    def download(
        self,
        url: str,
        file: Sink,
        *,
        headers: Mapping[str, str] | None = None,
        limit: int,
        seconds: float | None = None,
    ) -> Answer:
        """GET into a file, at most `limit` bytes, as they come: what the server compressed stays so.

        An answer that is no 200 writes nothing to the file and has a body, cut at the limit of all answers. Raises
        WebError; the file may then hold a part.
        """
        longest = self._seconds if seconds is None else seconds
        with within(longest), self._answered("GET", url, headers, b"") as answer:
            if answer.status != _OK:
                return self._read(answer, whole=False)
            declared = answer.headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and int(declared) > limit:
                raise _too_large(limit)
            for piece in _pieces(answer, limit):
                file.write(piece)
            return Answer(_OK, answer.headers, b"")

    @contextmanager
    def _answered(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | BinaryIO
    ) -> Iterator[_Begun]:
        """The first answer that leads nowhere else."""
        start = 0 if isinstance(body, bytes) else body.tell()
        request = _Request(method, parse(url), dict(headers or {}), body)
        for left in range(self._redirects, -1, -1):
            if not isinstance(request.body, bytes):
                request.body.seek(start)
            with self._sent(request) as answer:
                location = answer.headers.get("location", "") if answer.status in _REDIRECTS else ""
                if not location or not self._redirects:
                    yield answer
                    return
            if left:
                request = self._led(request, answer.status, location)
        raise WebError(f"the server redirects more than {self._redirects} times", _END, fault="redirect")

    def _led(self, request: _Request, status: int, location: str) -> _Request:
        """What to ask next."""
        method, headers, body = request.method, request.headers, request.body
        url = request.url.joined(location)
        if request.url.scheme == "https" != url.scheme:
            raise WebError("the server redirects from https:// to an address without", _END, fault="redirect")
        if (status == _SEE_OTHER and method != "HEAD") or (status in _REWRITTEN and method == "POST"):
            method, body = "GET", b""
            headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
        if url.origin != request.url.origin:
            if body != b"":
                raise WebError("the server redirects what is sent to another one", _END, fault="redirect")
            headers = {name: value for name, value in headers.items() if name.lower() not in self._secret}
        return _Request(method, url, headers, body)

    @contextmanager
    def _sent(self, request: _Request) -> Iterator[_Begun]:
        """The answer to a request; its connection is kept if it was read to its end."""
        url = request.url
        place = url.host_and_port
        address = "" if self._private else _public(url, self._address_hint)
        proxy = proxy_for(url.scheme, place) if self._proxies else ""
        key = (url.origin, address, proxy)
        connection = self._kept.pop(key, None)
        if connection is None or not connection.reusable:
            if connection is not None:
                connection.close()
            connection = self._connection(url, address, proxy)
        headers = {"User-Agent": "pikoci", **request.headers, "Host": url.place, "Accept-Encoding": "identity"}
        try:
            response = connection.ask(request.method, url, headers, request.body)
            yield _Begun(response.status, _headers(response), connection.pieces())
        finally:
            if connection.reusable:
                self._kept[key] = connection
            else:
                connection.close()

    def _connection(self, url: Url, address: str, proxy: str) -> Connection:
        try:
            by = parse(proxy, login=True) if proxy else None
        except WebError:
            raise WebError("the proxy that the environment names cannot be used", fault="proxy") from None
        try:
            tls = trusted(self._ca) if url.scheme == "https" or self._ca else None
        except ValueError:
            raise WebError("ca_cert holds no certificate in PEM form", fault="ca") from None
        return Connection(url, tls if url.scheme == "https" else None, self._silence, address, by)

    def _read(self, begun: _Begun, *, whole: bool) -> Answer:
        status, headers = begun.status, begun.headers
        if headers.get("content-encoding", "identity").lower() != "identity":
            if _is_success(status):
                raise WebError("the answer is compressed, which was not asked for", fault="protocol")
            return Answer(status, headers, b"")
        if whole and _is_success(status):
            return Answer(status, headers, b"".join(_pieces(begun, self._limit)))
        body = bytearray()
        for piece in begun.pieces:
            body += piece
            if len(body) >= self._limit:
                break
        return Answer(status, headers, bytes(body[: self._limit]))


def _pieces(begun: _Begun, limit: int) -> Iterator[bytes]:
    """The body. Raises WebError as soon as it is too large."""
    read = 0
    for piece in begun.pieces:
        read += len(piece)
        if read > limit:
            raise _too_large(limit)
        yield piece


def _too_large(limit: int) -> WebError:
    return WebError(f"the answer has more than {limit:,} bytes", fault="size")


def _public(url: Url, hint: str) -> str:
    try:
        found = public_address(url.host, url.port)
    except (OSError, UnicodeError):
        raise WebError("the server's name cannot be resolved", fault="name", host=url.host) from None
    if not found:
        raise WebError("the server has no public address", hint, fault="private", host=url.host)
    return found


def _headers(response: HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        line, key = " ".join(value.splitlines()), name.lower()
        found[key] = f"{found[key]}, {line}" if key in found else line
    return found


def _is_success(status: int) -> bool:
    return 200 <= status < 300
