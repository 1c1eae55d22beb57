"""Requests of one worker to its server, over connections that are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.wire import INSTANCE_HEADER, MSGPACK, WORKER_HEADER
from pikoci.internal.worker.http.refusals import broken, refusal

_HOST = re.compile(r"[\w.:%-]+")
_CONNECT_SECONDS = 5.0
_KEPT_CONNECTIONS = 8
_KEPT_SECONDS = 60.0  # less than the server's 75, so that it is not the server who hangs up


class ServerConnection:
    """A server, a token and who this worker is. Shared by all greenlets; the token is in no log, error or `repr`.

    Raises InvalidError for an address or a token that cannot be.
    """

    def __init__(self, url: str, token: str, name: str, instance: str, read_timeout: float) -> None:
        self.address = server_address(url)
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidError("--worker-token is empty or holds characters that no token has", hint="copy it again")
        headers = {
            "Authorization": f"Bearer {token}",
            WORKER_HEADER: name,
            INSTANCE_HEADER: instance,
            "Accept-Encoding": "identity",
        }
        self._read_timeout = read_timeout
        self._http = httpx.Client(
            base_url=f"{self.address}/api/v1/worker",
            headers=headers,
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS, keepalive_expiry=_KEPT_SECONDS
            ),
        )

    def post(
        self, path: str, content: bytes | Iterable[bytes] = b"", *, kind: str = MSGPACK, timeout: float | None = None
    ) -> bytes:
        """What the server answers. Raises what the contract of the gateway names."""
        with self._open("POST", path, content, {"Content-Type": kind}, timeout) as response:
            try:
                return response.read()
            except httpx.HTTPError as error:
                raise broken(error, self.address) from error

    def stream(self, path: str, timeout: float | None = None) -> Iterator[bytes]:
        """An answer in pieces as they come, at most `timeout` seconds apart. Closing the iterator hangs up."""
        with self._open("GET", path, b"", {}, timeout) as response:
            try:
                yield from response.iter_raw()
            except httpx.HTTPError as error:
                raise broken(error, self.address) from error

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    @contextmanager
    def _open(
        self, method: str, path: str, content: bytes | Iterable[bytes], headers: dict[str, str], timeout: float | None
    ) -> Iterator[httpx.Response]:
        seconds = httpx.Timeout(timeout or self._read_timeout, connect=_CONNECT_SECONDS)
        request = self._http.build_request(method, path, content=content, headers=headers, timeout=seconds)
        try:
            response = self._http.send(request, stream=True)
            if not response.is_success:
                response.read()
        except httpx.HTTPError as error:
            raise broken(error, self.address) from error
        try:
            if not response.is_success:
                raise refusal(response, self.address)
            yield response
        finally:
            response.close()


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
            "--pikoci-url is no server address", hint="it looks like http://ci.example.com:8080, without a login"
        )
    return text.rstrip("/")
