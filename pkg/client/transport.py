"""Requests to one server: addresses, tokens, retries, and errors in one shape."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from pikoci.pkg.client.errors import ApiError, ClientError, ServerUnreachableError
from pikoci.pkg.client.retry import RetryPolicy, may_retry
from pikoci.pkg.retry_after import parse_retry_after

API = "/api/v1"
PAGE = 200
_SAFE = frozenset({"GET", "PUT", "DELETE"})


class Transport:
    """A server and a token. Shared by greenlets and threads; the token appears in no log, error or `repr`."""

    def __init__(self, base_url: str, token: str | None, timeout: float, policy: RetryPolicy) -> None:
        self.base_url = normalized(base_url)
        self._token: str | None = None
        self.token = token
        self.policy = policy
        self._timeout = timeout
        trusted = ssl.create_default_context()  # what the machine trusts; httpx's own default is a list that it brings
        self._http = httpx.Client(
            timeout=timeout, headers={"Accept": "application/json", "User-Agent": "pikoci"}, verify=trusted
        )

    @property
    def token(self) -> str | None:
        """The token that goes with each request. Raises ClientError for one that no header can carry, unshown."""
        return self._token

    @token.setter
    def token(self, token: str | None) -> None:
        if token is not None and (not token.isascii() or not token.isprintable() or " " in token or not token):
            raise ClientError("the token is empty or holds characters that no token has; copy it again")
        self._token = token

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What the server answers. Raises ApiError and ServerUnreachableError."""
        return self.send("GET", path, params=params)

    def change(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """A changing request under an Idempotency-Key, a new one by default, so that it can be repeated safely."""
        return self.send(method, path, body=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def items(self, path: str, params: Mapping[str, Any] | None = None, page: int = PAGE) -> Iterator[dict[str, Any]]:
        """Every item of a list, `page` at a time, asked for when they are needed."""
        cursor: str | None = None
        while True:
            wanted = {**(params or {}), "limit": page, **({"cursor": cursor} if cursor else {})}
            answer = self.get(path, wanted)
            yield from answer["items"]
            cursor = answer["next"]
            if cursor is None:
                return

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        changes: bool = True,
    ) -> Any:
        """The decoded answer, None where there is none; repeats what may safely be repeated.

        A POST may be repeated where it has an Idempotency-Key, or `changes` nothing.
        Raises ApiError, ServerUnreachableError, and ClientError for an answer that no PikoCI server gives.
        """
        failures = 0
        while True:
            try:
                with self.open(method, path, params=params, body=body, headers=headers) as response:
                    return self._decoded(response)
            except ClientError as error:
                failures += 1
                repeatable = method in _SAFE or not changes or "Idempotency-Key" in (headers or {})
                if not repeatable or not may_retry(error) or failures >= self.policy.attempts:
                    raise
                self.policy.pause(failures, error)

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
    ) -> Iterator[httpx.Response]:
        """One request, and its answer unread. Raises what `send` raises, also while the answer is read inside."""
        sent = dict(headers or {})
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        timeout = httpx.Timeout(self._timeout, read=read_timeout or self._timeout)
        url = self.base_url + path
        try:
            with self._http.stream(method, url, params=params, json=body, headers=sent, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    raise _refused(response)
                yield response
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        except httpx.HTTPError as error:
            raise ClientError(f"{self.base_url} gave an answer that cannot be read: {error}") from error

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _decoded(self, response: httpx.Response) -> Any:
        response.read()
        if response.status_code == 204:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise ClientError(
                f"{self.base_url} does not answer like a PikoCI server: its answer is not JSON"
            ) from error

    def _unreachable(self, error: httpx.TransportError) -> ServerUnreachableError:
        if isinstance(error, httpx.TimeoutException):
            return ServerUnreachableError(f"{self.base_url} did not answer in time")
        if isinstance(error, httpx.ConnectError):
            return ServerUnreachableError(f"{self.base_url} cannot be reached: {_plain(error)}")
        return ServerUnreachableError(f"the connection to {self.base_url} broke: {_plain(error)}")


def normalized(base_url: str) -> str:
    """The address without a slash at its end, with `http://` where it names no scheme.

    Raises ClientError for what cannot be an address.
    """
    url = base_url.strip()
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.query or parts.fragment:
        raise ClientError(f"{base_url!r} is not a server address; it should look like http://ci.example.com:8080")
    if parts.username is not None:
        raise ClientError("the server address must not hold a login; give a token instead")
    return url.rstrip("/")


def path(*parts: object) -> str:
    """An address below the API, each part quoted."""
    return "/".join([API, *(quote(str(part), safe="") for part in parts)])


def _plain(error: Exception) -> str:
    text = str(error)
    return text.partition("] ")[2] if text.startswith("[Errno") else text or type(error).__name__


def _refused(response: httpx.Response) -> ApiError:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "type" not in problem:
        problem = {"detail": f"the server answered {response.status_code} {response.reason_phrase}"}
        if "Location" in response.headers:
            problem["hint"] = f"it says that it moved to {response.headers['Location']}"
    wish = response.headers.get("Retry-After", "")
    return ApiError(response.status_code, problem, parse_retry_after(wish) if wish else None)
