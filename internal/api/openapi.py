"""The OpenAPI 3.1 document, made from the route table and the classes that the code itself reads and writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pikoci.internal.api.names import MAX_NAME
from pikoci.internal.api.problems import PROBLEM_JSON, Problem
from pikoci.internal.api.replay import HEADER as IDEMPOTENCY_KEY
from pikoci.internal.api.route import Route
from pikoci.internal.service.model import INSTANCE_HEADER, WORKER_HEADER

_REF = "#/components/schemas/{name}"
_MEANINGS = {200: "Done", 201: "Made", 202: "Accepted", 204: "Done", 206: "A part of it"}
_PATH_FIELDS: dict[str, dict[str, object]] = {
    "number": {"type": "string", "pattern": r"^[1-9][0-9]{0,8}(\.[1-9][0-9]{0,8})?$", "examples": ["3", "3.1"]},
    "version": {"type": "integer", "minimum": 1},
    "token": {"type": "string", "maxLength": 200},
    "build_id": {"type": "integer", "minimum": 1},
    "resource_id": {"type": "integer", "minimum": 1},
    "claim": {"type": "integer", "minimum": 1},
    "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
_NAME: dict[str, object] = {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]*$", "maxLength": MAX_NAME}


def openapi(routes: Sequence[Route], version: str, external_url: str = "") -> dict[str, Any]:
    """The document that describes these routes, of the server at `external_url` where that is known."""
    kinds = [*_kinds(routes), Problem]
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=_REF)
    known = dict(zip(map(str, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "PikoCI", "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        **({"servers": [{"url": external_url}]} if external_url else {}),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "worker": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "pikoci_session"},
            },
            "responses": {
                "Problem": {
                    "description": "Not done, and why",
                    "content": {PROBLEM_JSON: {"schema": known[str(Problem)]}},
                }
            },
        },
    }


def _anything(kind: type) -> dict[str, Any]:
    """The schema of what no schema narrows down: values of versions and parameters."""
    if kind is object:
        return {"description": "any value"}
    raise NotImplementedError


def _kinds(routes: Iterable[Route]) -> list[Any]:
    found = {str(kind): kind for route in routes for kind in (route.body, route.answer) if kind is not None}
    return list(found.values())


def _operation(route: Route, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    owner, _, name = route.handle.__qualname__.partition(".")
    operation: dict[str, Any] = {
        "operationId": f"{owner.lower()}_{name}",
        "tags": [owner.lower()],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {
            **{str(status): _response(route, status, known) for status in (route.status, *route.replies)},
            "default": {"$ref": "#/components/responses/Problem"},
        },
        "security": _security(route),
    }
    if route.body is not None:
        has_defaults = all(not field.required for field in msgspec.structs.fields(route.body))
        content = {route.takes: {"schema": known[str(route.body)]}}
        operation["requestBody"] = {"required": not has_defaults, "content": content}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.for_workers:
        return [{"worker": []}]
    if not route.authenticates:
        return []
    login: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
    # The empty requirement: public pipelines need no login to be looked at.
    return [*login, {}] if route.method == "GET" else login


def _response(route: Route, status: int, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": _MEANINGS[status]}
    schemas: dict[str, dict[str, Any]] = {media: {} for media in route.media}
    if route.answer is not None:
        schemas[route.media[0]] = {"schema": known[str(route.answer)]}
    elif route.is_json or status == 204:
        return response
    response["content"] = schemas
    return response


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_FIELDS.get(name, _NAME)}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = msgspec.json.schema(route.query)["$defs"][route.query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if route.for_workers:
        return [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string", "maxLength": MAX_NAME}}
            for name in (WORKER_HEADER, INSTANCE_HEADER)
        ]
    if route.method == "GET" or not route.keeps_answer:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return [{"name": IDEMPOTENCY_KEY, "in": "header", "required": False, "schema": schema}]
