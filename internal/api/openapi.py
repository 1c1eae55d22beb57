"""The OpenAPI 3.1 document, made from the route table and the classes that the code itself reads and writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from pikoci.internal.api.authentication import COOKIE
from pikoci.internal.api.names import NO_NEWLINE, PATH_FIELDS, IdempotencyKey
from pikoci.internal.api.problems import PROBLEM_JSON, STATUS_HEADERS, Problem
from pikoci.internal.api.replay import HEADER as IDEMPOTENCY_KEY
from pikoci.internal.api.route import BYTES, JSON, Route
from pikoci.internal.api.statuses import problems
from pikoci.internal.domain.wire import LINES, MSGPACK

Schema = dict[str, Any]

_REF = "#/components/schemas/{name}"
_MEANINGS = {200: "Done", 201: "Made", 202: "Accepted", 204: "Done", 206: "A part of it"}
#: Headers that come with a status.
_HEADERS = {206: ("Accept-Ranges", "Content-Range"), **STATUS_HEADERS}
#: Media types whose content is described by a class.
_TYPED = (JSON, MSGPACK)


def openapi(routes: Sequence[Route], version: str, external_url: str = "") -> Schema:
    """The document that describes these routes, of the server at `external_url` where that is known."""
    kinds = [*_kinds(routes), Problem]
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=_REF)
    known = dict(zip(map(str, kinds), schemas, strict=True))
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known)
    statuses = sorted({status for route in routes for status in problems(route)})
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "PikoCI", "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        **({"servers": [{"url": external_url}]} if external_url else {}),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "worker": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
            "responses": {f"Problem{status}": _problem(status, known[str(Problem)]) for status in statuses},
        },
    }
    portable: Schema = _portable(document)
    return portable


def _anything(kind: type) -> Schema:
    """The schema of what no schema narrows down: values of versions and parameters."""
    if kind is object:
        return {"description": "any value"}
    raise NotImplementedError


def _portable(value: Any) -> Any:
    """The same, with patterns as JSON Schema writes them."""
    if isinstance(value, dict):
        return {key: _portable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_portable(item) for item in value]
    return value.removesuffix(NO_NEWLINE) if isinstance(value, str) else value


def _kinds(routes: Iterable[Route]) -> list[Any]:
    found = {str(kind): kind for route in routes for kind in (route.body, route.answer) if kind is not None}
    return list(found.values())


def _operation(route: Route, known: dict[str, Schema]) -> Schema:
    owner, _, name = route.handle.__qualname__.partition(".")
    operation: Schema = {
        "operationId": f"{owner.lower()}_{name}",
        "tags": [owner.lower()],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {
            **{str(status): _response(route, status, known) for status in (route.status, *route.replies)},
            **{str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in problems(route)},
        },
        "security": _security(route),
    }
    if route.body is not None:
        may_be_empty = route.takes == JSON and not any(one.required for one in msgspec.structs.fields(route.body))
        content = {route.takes: {"schema": known[str(route.body)]}}
        operation["requestBody"] = {"required": not may_be_empty, "content": content}
    elif route.takes == BYTES:
        operation["requestBody"] = {"required": False, "content": {BYTES: {}}}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.for_workers:
        return [{"worker": []}]
    if not route.authenticates:
        return []
    login: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
    # The empty requirement: public pipelines need no login to be looked at.
    return [*login, {}] if route.is_public else login


def _response(route: Route, status: int, known: dict[str, Schema]) -> Schema:
    response: Schema = {"description": _MEANINGS[status]}
    if status == HTTPStatus.NO_CONTENT:
        return response
    texts: Schema = {media: {} if media in {BYTES, LINES} else {"schema": {"type": "string"}} for media in route.media}
    typed = {media: {"schema": known[str(route.answer)]} for media in route.media[:1] if media in _TYPED}
    return {**response, "content": {**texts, **typed}, **_headers(status)}


def _problem(status: int, schema: Schema) -> Schema:
    """Not done, and why."""
    content = {PROBLEM_JSON: {"schema": schema}}
    return {"description": HTTPStatus(status).phrase, "content": content, **_headers(status)}


def _headers(status: int) -> Schema:
    headers = {name: {"required": True, "schema": {"type": "string"}} for name in _HEADERS.get(status, ())}
    return {"headers": headers} if headers else {}


def _path_parameters(route: Route) -> list[Schema]:
    return [_parameter(name, "path", PATH_FIELDS[name].kind) for name in re.findall(r"\{(\w+)\}", route.path)]


def _query_parameters(route: Route) -> list[Schema]:
    if route.query is None:
        return []
    schema = msgspec.json.schema(route.query)["$defs"][route.query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(field)}
        for name, field in schema["properties"].items()
    ]


def _header_parameters(route: Route) -> list[Schema]:
    found = [_parameter(name, "header", kind, required=route.for_workers) for name, kind in route.headers.items()]
    if route.takes_key:
        found.append(_parameter(IDEMPOTENCY_KEY, "header", IdempotencyKey, required=False))
    return found


def _parameter(name: str, place: str, kind: Any, *, required: bool = True) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": msgspec.json.schema(kind)}


def _without_null(field: Schema) -> Schema:
    """A parameter that may be left out has no null: an address holds texts."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    return kinds[0] if kinds else field
