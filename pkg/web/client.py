"""Requests within bounds."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self
from urllib.parse import urljoin, urlsplit

import gevent

from pikoci.pkg.retry_after import parse_retry_after
from pikoci.pkg.web.errors import WebError, one_error
from pikoci.pkg.web.trust import proxy_for, public_address, trusted

if TYPE_CHECKING:
    import httpx

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_OK = 200
_PIECE = 64 * 1024
_PORTS = {"http": 80, "https": 443}
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
    url: httpx.URL
    headers: dict[str, str]
    body: bytes | BinaryIO


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
        self._transports: dict[str, httpx.HTTPTransport] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._transports.clear()
        self._open.close()

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
        with one_error(self._seconds, self._silence), self._answered(method, url, headers, body) as response:
            return self._read(response, whole=whole)

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
        with (
            one_error(self._seconds if seconds is None else seconds, self._silence),
            self._answered("GET", url, headers, b"") as response,
        ):
            if response.status_code != _OK:
                return self._read(response, whole=False)
            declared = response.headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and int(declared) > limit:
                raise _too_large(limit)
            for piece in _pieces(response, limit):
                file.write(piece)
            return Answer(_OK, _headers(response), b"")

    @contextmanager
    def _answered(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | BinaryIO
    ) -> Iterator[httpx.Response]:
        """The first answer that leads nowhere else."""
        start = 0 if isinstance(body, bytes) else body.tell()
        request = _Request(method, _url(url), dict(headers or {}), body)
        for left in range(self._redirects, -1, -1):
            if not isinstance(request.body, bytes):
                request.body.seek(start)
            response = self._send(request)
            try:
                location = response.headers.get("location", "") if response.status_code in _REDIRECTS else ""
                if not location or not self._redirects:
                    yield response
                    return
            finally:
                response.close()
            if left:
                request = self._led(request, response.status_code, location)
        raise WebError(f"the server redirects more than {self._redirects} times", _END, fault="redirect")

    def _led(self, request: _Request, status: int, location: str) -> _Request:
        """What to ask next."""
        method, headers, body = request.method, request.headers, request.body
        url = _joined(request.url, location)
        if request.url.scheme == "https" != url.scheme:
            raise WebError("the server redirects from https:// to an address without", _END, fault="redirect")
        if (status == _SEE_OTHER and method != "HEAD") or (status in _REWRITTEN and method == "POST"):
            method, body = "GET", b""
            headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
        if _origin(url) != _origin(request.url):
            if body != b"":
                raise WebError("the server redirects what is sent to another one", _END, fault="redirect")
            headers = {name: value for name, value in headers.items() if name.lower() not in self._secret}
        return _Request(method, url, headers, body)

    def _send(self, request: _Request) -> httpx.Response:
        import httpx

        url, content = request.url, request.body
        headers = {"User-Agent": "pikoci", **request.headers, "Host": _host(url), "Accept-Encoding": "identity"}
        extensions: dict[str, Any] = {"timeout": httpx.Timeout(self._silence).as_dict()}
        if not self._private:
            extensions["sni_hostname"] = _name(url)
            url = url.copy_with(host=self._public(url))
        if isinstance(content, bytes):
            asked = httpx.Request(request.method, url, headers=headers, content=content, extensions=extensions)
        else:
            start = content.tell()
            size = max(0, content.seek(0, os.SEEK_END) - start)
            content.seek(start)
            headers["Content-Length"] = str(size)
            parts = _parts(content, size)
            asked = httpx.Request(request.method, url, headers=headers, content=parts, extensions=extensions)
        return self._transport(request.url).handle_request(asked)

    def _public(self, url: httpx.URL) -> str:
        name = _name(url)
        try:
            found = public_address(name, url.port or _PORTS[url.scheme])
        except (OSError, UnicodeError):
            raise WebError("the server's name cannot be resolved", fault="name", host=name) from None
        if not found:
            raise WebError("the server has no public address", self._address_hint, fault="private", host=name)
        return found

    def _transport(self, url: httpx.URL) -> httpx.HTTPTransport:
        import httpx

        proxy = proxy_for(url.scheme, f"{_name(url)}:{url.port or _PORTS[url.scheme]}") if self._proxies else ""
        if proxy in self._transports:
            return self._transports[proxy]
        try:
            context = trusted(self._ca)
        except ValueError:
            raise WebError("ca_cert holds no certificate in PEM form", fault="ca") from None
        try:
            by = httpx.Proxy(proxy, ssl_context=trusted() if proxy.startswith("https:") else None) if proxy else None
            made = httpx.HTTPTransport(verify=context, trust_env=False, proxy=by)
        except (ValueError, ImportError, httpx.InvalidURL):
            raise WebError("the proxy that the environment names cannot be used", fault="proxy") from None
        self._transports[proxy] = self._open.enter_context(made)
        return made

    def _read(self, response: httpx.Response, *, whole: bool) -> Answer:
        status, headers = response.status_code, _headers(response)
        if headers.get("content-encoding", "identity").lower() != "identity":
            if _is_success(status):
                raise WebError("the answer is compressed, which was not asked for", fault="protocol")
            return Answer(status, headers, b"")
        if whole and _is_success(status):
            return Answer(status, headers, b"".join(_pieces(response, self._limit)))
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            if len(body) >= self._limit:
                break
        return Answer(status, headers, bytes(body[: self._limit]))


def _pieces(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """The body, in turn with everybody else's work. Raises WebError as soon as it is too large."""
    read = 0
    for piece in response.iter_raw():
        read += len(piece)
        if read > limit:
            raise _too_large(limit)
        yield piece
        gevent.sleep(0)  # a server that is always ready would let nobody else run


def _too_large(limit: int) -> WebError:
    return WebError(f"the answer has more than {limit:,} bytes", fault="size")


def _parts(file: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file that somebody may be writing to."""
    while size > 0:
        part = file.read(min(size, _PIECE))
        if not part:
            raise WebError("the file became shorter while it was sent", fault="request")
        size -= len(part)
        yield part
        gevent.sleep(0)  # as above, for a server that always takes more


def _url(address: str) -> httpx.URL:
    import httpx

    try:
        urlsplit(address)  # knows a host in half of its brackets
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        raise WebError("the address is not valid", fault="address") from None
    if url.port == 0 or any(character.isspace() for character in address):
        raise WebError("the address is not valid", fault="address")
    if url.scheme not in _PORTS or not url.host:
        raise WebError("the address begins with neither https:// nor http://", fault="address")
    if url.userinfo:
        raise WebError("the address holds a user or password, which everybody who sees it would know", fault="address")
    return url


def _joined(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return _url(urljoin(str(url), location.replace(" ", "%20")))
    except ValueError:
        raise WebError("the server redirects to an address that is not valid", fault="redirect") from None


def _name(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").strip("[]")


def _host(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, _name(url), url.port or _PORTS[url.scheme]


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _is_success(status: int) -> bool:
    return 200 <= status < 300
