"""MessagePack in and out: bounded, typed, and holding nothing that JSON could not say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeVar

import falcon
import msgspec

from pikoci.internal.api.parsing import MAX_DEPTH, read_bytes
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.wire import MSGPACK

T = TypeVar("T")

_LARGEST = 2**63 - 1


def read_packed(request: falcon.Request, kind: type[T], limit: int, timeout: float) -> T:
    """The body as a `kind`, `limit` bytes at most.

    Raises InvalidError saying what is wrong where, TooLargeError, falcon.HTTPRequestTimeout after `timeout` seconds and
    falcon.HTTPUnsupportedMediaType.
    """
    if (request.content_type or "").split(";")[0].strip().lower() != MSGPACK:
        raise falcon.HTTPUnsupportedMediaType(description=f"the body must be sent as Content-Type: {MSGPACK}")
    body = read_bytes(request, limit, timeout)
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the body is not a valid {kind.__name__}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidError(f"the body is not MessagePack: {error}") from None


def write_packed(response: falcon.Response, value: Any) -> None:
    """Answer with the value."""
    response.content_type = MSGPACK
    response.data = msgspec.msgpack.encode(value)


def require_plain(values: Iterable[object]) -> None:
    """Return where the values hold only what JSON can say, `MAX_DEPTH` levels deep at most. Raises InvalidError."""
    for value in values:
        _require_plain(value, MAX_DEPTH)


def _require_plain(value: object, left: int) -> None:
    if left == 0:
        raise InvalidError(f"a version is nested more than {MAX_DEPTH} levels deep")
    match value:
        case None | bool() | str():
            return
        case int() if -_LARGEST <= value <= _LARGEST:
            return
        case float() if math.isfinite(value):
            return
        case list():
            for item in value:
                _require_plain(item, left - 1)
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InvalidError("a version has a key that is not text")
                _require_plain(item, left - 1)
        case _:
            raise InvalidError(f"a version holds what JSON cannot say: a value of type {type(value).__name__}")
