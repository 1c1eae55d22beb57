"""What schemathesis cannot know: which things exist, and how MessagePack is written. It imports this by itself."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import msgspec
import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core.parameters import ParameterLocation

#: Where the operations that succeeded are noted, one a line.
SUCCEEDED = "PIKOCI_TEST_SUCCEEDED"
#: What the fields of addresses may stand for.
KNOWN: dict[str, Any] = {
    "team": "main",
    "user": "plain",
    "pipeline": "app",
    "job": "free",
    "number": "1",
    "resource": "trigger.button",
    "version": 1,
    "worker": "contract",
    "secret": "TOKEN",
    "session": os.environ.get("PIKOCI_TEST_SESSION", "none"),
    "api_token_id": 1,
    "build_id": 1,
    "resource_id": 1,
    "claim": 1,
}
#: Operations that would spoil what others need have things of their own.
OWN: dict[str, dict[str, Any]] = {
    "builds_cancel": {"job": "held"},
    "pipelines_delete": {"pipeline": "spare"},
    "pipelines_set": {"pipeline": "other"},
    "people_remove_member": {"user": "nobody"},
    "fleet_delete": {"worker": "gone"},
    "secrets_delete": {"secret": "SPARE"},
    "secrets_delete_of_pipeline": {"secret": "SPARE"},
    "resources_disable": {"resource": "trigger.spare", "version": 2},
}
#: Operations that are asked for nothing else: an id of an earlier answer may be that of the session all calls need.
ONLY_KNOWN = {"usersessions_end"}
_ASKED: set[str] = set()
WORKER = {"Pikoci-Worker": "contract", "Pikoci-Instance": "c0ffeec0ffeec0ffee.s1"}


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    """Let three of four valid addresses name what exists, and a valid worker be one and the same.

    The first valid request to each operation is one of the three.
    """
    meta = case.meta
    if meta is None:
        return
    drawn = zlib.crc32(json.dumps([case.path_parameters, str(case.body)], default=str, sort_keys=True).encode())
    if meta.generation.mode.is_positive and _operation(case) not in _ASKED:
        _ASKED.add(_operation(case))
        drawn = 1
    if (
        (drawn % 4 or _operation(case) in ONLY_KNOWN)
        and case.path_parameters
        and not meta.is_negative_at(ParameterLocation.PATH)
    ):
        known = KNOWN | OWN.get(_operation(case), {})
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    if case.path.startswith("/api/v1/worker/") and meta.generation.mode.is_positive:
        case.headers.update(WORKER)
        if isinstance(case.body, dict) and "instance" in case.body:
            case.body.update(name=WORKER["Pikoci-Worker"], instance=WORKER["Pikoci-Instance"])


@schemathesis.hook
def after_call(_: HookContext, case: Case[Any], response: Any) -> None:
    """Note what succeeded: where nothing does, answers were not looked at."""
    if response.status_code < 300 and (path := os.environ.get(SUCCEEDED)):
        with Path(path).open("a") as file:
            file.write(f"{_operation(case)}\n")


@schemathesis.hook
def filter_case(_: HookContext, case: Case[Any]) -> bool:
    """Cursors are made by the server alone: no schema says which are good, so no valid request has one."""
    is_valid = case.meta is None or case.meta.generation.mode.is_positive
    return not (is_valid and case.query and "cursor" in case.query)


@schemathesis.serializer("application/msgpack")
def write_packed(_: Any, value: Any) -> bytes:
    return msgspec.msgpack.encode(packable(value))


@schemathesis.deserializer("application/msgpack")
def read_packed(_: Any, response: Any) -> Any:
    return msgspec.msgpack.decode(response.content)


def packable(value: Any) -> Any:
    """The value as workers send it: log as bytes, whole numbers as such, and none of more than 64 bits."""
    match value:
        case dict():
            log = value.get("data")
            more = {"data": log.encode("utf-8", "replace")} if isinstance(log, str) else {}
            return {key: packable(item) for key, item in value.items()} | more
        case list():
            return [packable(item) for item in value]
        case float() if value.is_integer() and abs(value) < 2**63:
            return int(value)
        case int() if not -(2**63) <= value < 2**64:
            return float(value) if abs(value) < 2**1000 else "too large"
    return value


def _operation(case: Case[Any]) -> str:
    return str(case.operation.definition.raw.get("operationId", ""))
