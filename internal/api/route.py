"""A line of the route table, and the Falcon resource that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import falcon
import msgspec

from pikoci.internal.api.bodies import Nothing
from pikoci.internal.api.names import read_path
from pikoci.internal.api.parsing import as_json, read_bytes, read_json, read_query
from pikoci.internal.api.replay import Replay
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.service.use_cases.idempotency import Answer

Method = Literal["GET", "POST", "PUT", "DELETE"]
JSON = "application/json"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with one of the route's `replies` as its status."""

    status: int
    answer: Any


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: where it is, what does it, what goes in and what comes out.

    `handle` is called with the request, the fields of the address, and `query` and `body` where the route has them; it
    returns an `answer`. With other media types than JSON it is also given the response as `response`, and writes to it.
    `takes` is the body's media type; where it is not JSON, `handle` reads it. `headers` are those that count, with
    their types; `replies` are more statuses of success, `problems` those of errors that do not follow from the rest
    (see `statuses`). `for_workers` says that a worker's token opens it, and nothing else; `is_public` that a GET shows
    something to those who are not logged in, too. `keeps_answer` is False where an answer is not stored for a repeated
    request: it holds a secret, or nothing changes. Otherwise nothing may wait in `handle` after its first transaction,
    see `IdempotencyService.run`.
    """

    method: Method
    path: str
    handle: Callable[..., Any]
    summary: str
    answer: Any = None
    status: int = 200
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    takes: str = JSON
    media: tuple[str, ...] = (JSON,)
    authenticates: bool = True
    for_workers: bool = False
    is_public: bool = False
    before_password_change: bool = False
    keeps_answer: bool = True
    replies: tuple[int, ...] = ()
    problems: tuple[int, ...] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)
    is_large: bool = False

    @property
    def is_json(self) -> bool:
        """Whether the answer is rendered from what `handle` returns."""
        return self.media == (JSON,)

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key counts."""
        return self.method != "GET" and self.authenticates and self.keeps_answer

    @property
    def has_body(self) -> bool:
        """Whether `handle` is given a body, or reads one."""
        return self.body is not None or self.takes == BYTES


class Endpoint:
    """All operations at one address, as a Falcon resource."""

    def __init__(self, routes: Sequence[Route], settings: ApiSettings, replay: Replay) -> None:
        self.routes = tuple(routes)
        self.authenticates = any(route.authenticates for route in routes)
        self.before_password_change = any(route.before_password_change for route in routes)
        self._settings = settings
        self._replay = replay
        for route in routes:
            setattr(self, f"on_{route.method.lower()}", self._responder(route))
            if route.method == "GET":
                self.on_head = self._responder(route)

    def _responder(self, route: Route) -> Callable[..., None]:
        if not route.is_json:
            return partial(_respond_raw, route)
        if route.method == "GET":
            return partial(_respond, route)
        return partial(self._change, route)

    def _change(self, route: Route, request: ApiRequest, response: falcon.Response, **params: str) -> None:
        fields = _fields(route, request, params)
        data = b""
        if route.authenticates:
            request.principal.require_user()  # before a stranger's body is read
        if route.authenticates or route.body is not None:
            limit = self._settings.max_large_body if route.is_large else self._settings.max_body
            data = read_bytes(request, limit, self._settings.body_timeout)
            body = read_json(data, request.content_type, route.body or Nothing)
            if route.body is not None:
                fields["body"] = body

        def act() -> Answer:
            result = route.handle(request, **fields)
            reply = result if isinstance(result, Reply) else Reply(route.status, result)
            return Answer(status=reply.status, body=b"" if route.answer is None else as_json(reply.answer))

        answer = self._replay.answer(request, data, act) if route.keeps_answer else act()
        response.status = answer.status
        if answer.body:
            response.data = answer.body


def _respond(route: Route, request: ApiRequest, response: falcon.Response, **params: str) -> None:
    response.data = as_json(route.handle(request, **_fields(route, request, params)))


def _respond_raw(route: Route, request: ApiRequest, response: falcon.Response, **params: str) -> None:
    route.handle(request, response=response, **_fields(route, request, params))


def _fields(route: Route, request: ApiRequest, params: dict[str, str]) -> dict[str, Any]:
    fields = read_path(params)
    if route.authenticates and route.method == "GET" and not route.is_public:
        request.principal.require_user()
    if route.query is not None:
        fields["query"] = read_query(request, route.query)
    elif route.is_json and route.authenticates:
        read_query(request, Nothing)
    return fields
