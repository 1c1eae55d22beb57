"""The server's API as plain JSON, with errors for people."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from pikoci import __version__
from pikoci.internal.domain.errors import (
    Diagnostic,
    InvalidPipelineError,
    PikociError,
    UnauthenticatedError,
    UnavailableError,
)

#: Without a byte for so long a connection counts as dead; a live stream says something more often than that.
_TIMEOUT_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_PAGE = 200


class ApiProblemError(PikociError):
    """The server refused a request; `status` is the HTTP status, `kind` the last part of the problem's type."""

    def __init__(self, message: str, *, status: int, kind: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.kind = kind


class Api:
    """A connection to one server; a context manager.

    Every method raises UnavailableError when the server cannot be reached, UnauthenticatedError when it wants a login,
    InvalidPipelineError with the findings in a file, and ApiProblemError for any other refusal.
    """

    def __init__(self, url: str, token: str, *, patience_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._url = url
        self._token = token
        headers = {"user-agent": f"pikoci/{__version__}"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._timeout = httpx.Timeout(patience_seconds, connect=min(patience_seconds, _CONNECT_SECONDS))
        self._http = httpx.Client(base_url=url, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        """The object at a path."""
        with self._answer("GET", path, query=query) as answer:
            return self._json(answer)

    def text(self, path: str, **query: str | int) -> str:
        """The text at a path, for answers that are no JSON."""
        with self._answer("GET", path, query=query) as answer:
            answer.read()
            return answer.text

    def send(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Change something; None where the server answers without a word."""
        headers = {"idempotency-key": str(uuid.uuid4())}
        with self._answer(method, path, body=body or {}, headers=headers) as answer:
            return self._json(answer)

    def list(self, path: str, limit: int = 10_000, **query: str | int) -> dict[str, Any]:
        """A list with up to `limit` items, put together from as many parts as it takes."""
        items: list[Any] = []
        following: str | None = None
        while True:
            cursor = {"cursor": following} if following else {}
            part = self.get(path, limit=min(_PAGE, limit - len(items)), **query, **cursor)
            items += part["items"]
            following = part["next"]
            if not following or len(items) >= limit:
                return {"items": items, "next": following}

    @contextmanager
    def stream(self, path: str, **query: str | int) -> Generator[Iterator[bytes]]:
        """The body at a path, in chunks as they come."""
        with self._answer("GET", path, query=query) as answer:
            yield self._chunks(answer)

    def _chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        try:
            yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Generator[httpx.Response]:
        try:
            with self._http.stream(
                method, path, params=query, json=body, headers=dict(headers or {}), timeout=self._timeout
            ) as answer:
                if answer.is_error:
                    answer.read()
                    raise self._problem(answer)
                yield answer
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _json(self, answer: httpx.Response) -> Any:
        data = answer.read()
        if not data:
            return None
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._stranger(answer.status_code) from error

    def _unreachable(self, error: httpx.HTTPError) -> UnavailableError:
        reason = (
            "it did not answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or "no connection"
        )
        return UnavailableError(
            f"cannot reach the server at {self._url}: {reason}", hint="is it running? name another one with --url"
        )

    def _stranger(self, status: int) -> ApiProblemError:
        return ApiProblemError(
            f"{self._url} answered with status {status}, but not as a PikoCI server does",
            status=status,
            kind="",
            hint="check --url, and what stands between here and the server",
        )

    def _problem(self, answer: httpx.Response) -> PikociError:
        """The error that a problem document (RFC 9457) tells of."""
        try:
            found = msgspec.json.decode(answer.content, type=_Problem)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._stranger(answer.status_code)
        message, kind = found.detail or found.title, found.type.rpartition(":")[2]
        if found.diagnostics:
            return InvalidPipelineError(message, found.diagnostics, hint=found.hint)
        if answer.status_code == httpx.codes.UNAUTHORIZED and kind == "unauthenticated":
            return UnauthenticatedError(message, hint=f"run `pikoci client login --url {self._url}`")
        hint = "run `pikoci client password`" if kind == "password-change-required" else found.hint
        return ApiProblemError(message, status=answer.status_code, kind=kind, hint=hint)


class _Problem(msgspec.Struct, frozen=True):
    type: str = ""
    title: str = ""
    detail: str = ""
    hint: str = ""
    diagnostics: list[Diagnostic] = []
