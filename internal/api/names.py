"""The one rule for names in addresses, checked before any use case sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pikoci.internal.service.errors import InvalidError

#: A name in a body, as JSON Schema knows it. A `$` alone would let a newline pass at the end.
NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$(?!\n)"
MAX_NAME = 200

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}(\.[1-9][0-9]{0,8})?", re.ASCII)
_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)

NAME_RULE = (
    f"may hold letters, digits, `_`, `.` and `-`, {MAX_NAME} characters at most, the first a letter, a digit or `_`"
)


def _name(what: str, value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise InvalidError(f"{value[:80]!r} cannot be the name of a {what}", hint=f"it {NAME_RULE}")
    return value


def _number(_: str, value: str) -> str:
    if _NUMBER.fullmatch(value) is None:
        raise InvalidError(f"{value[:80]!r} is no build number", hint="build numbers look like 3, or 3.1 for a retry")
    return value


def _version(_: str, value: str) -> int:
    if _ID.fullmatch(value) is None:
        raise InvalidError(f"{value[:80]!r} is no version id", hint="the resource's versions are listed with their ids")
    return int(value)


def _id(what: str, value: str) -> int:
    if _ID.fullmatch(value) is None:
        raise InvalidError(f"{value[:80]!r} is no {what.replace('_', ' ')}", hint="it is a whole number from 1 on")
    return int(value)


def _digest(_: str, value: str) -> str:
    if _DIGEST.fullmatch(value) is None:
        raise InvalidError("this cannot be an artifact", hint="artifacts are named by 64 hex digits")
    return value


def _token(_: str, value: str) -> str:
    if _TOKEN.fullmatch(value) is None:
        raise InvalidError("this cannot be a webhook token", hint="copy the whole address from the resource")
    return value


def _token_id(_: str, value: str) -> str:
    if _TOKEN_ID.fullmatch(value) is None:
        raise InvalidError("this cannot be the id of a worker's token", hint="the list of worker tokens has the ids")
    return value


_READERS: dict[str, Callable[[str, str], object]] = {
    "number": _number,
    "version": _version,
    "token": _token,
    "token_id": _token_id,
    "build_id": _id,
    "resource_id": _id,
    "claim": _id,
    "digest": _digest,
}


def read_path(params: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an address, each by its rule: `version` becomes an int, the others stay text.

    Raises InvalidError naming the one that cannot be.
    """
    return {field: _READERS.get(field, _name)(field, value) for field, value in params.items()}
