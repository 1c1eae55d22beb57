"""Bodies and query strings: bounded, typed, and refused in words that name the field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import falcon
import gevent
import msgspec

from pikoci.internal.api.names import RULES
from pikoci.internal.domain.errors import InvalidError, TooLargeError
from pikoci.internal.domain.suggestions import did_you_mean

T = TypeVar("T", bound=msgspec.Struct)

#: Values nested deeper than this are refused; nothing that walks them then has to fear for its stack.
MAX_DEPTH = 64

_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `(.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*?)`(?: - at `(.*)`)?", re.DOTALL)
_PLACED = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?", re.DOTALL)
_KINDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "object": "an object"}


def read_bytes(request: falcon.Request, limit: int, timeout: float) -> bytes:
    """The whole body, `limit` bytes at most, also where its length was not announced.

    Raises TooLargeError, and falcon.HTTPRequestTimeout after `timeout` seconds.
    """
    announced = request.content_length
    chunked = "chunked" in request.env.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not announced and not chunked:
        return b""
    if announced is not None and announced > limit:
        raise _too_large(limit)
    try:
        with gevent.Timeout(timeout, SlowBodyError):
            body: bytes = request.stream.read(limit + 1 if chunked or announced is None else announced)
    except OSError as error:  # a chunked body that is malformed or has no end, and a broken connection
        raise InvalidError("the body cannot be read to its end", hint="send the request again") from error
    if len(body) > limit:
        raise _too_large(limit)
    if not chunked and announced is not None and len(body) < announced:
        raise InvalidError("the body ended before its announced length", hint="send the request again")
    return body


class SlowBodyError(falcon.HTTPError):
    """The client took too long to send its body."""

    def __init__(self) -> None:
        super().__init__(falcon.HTTP_408, description="the body did not arrive in time")


def read_json(body: bytes, content_type: str | None, kind: type[T]) -> T:
    """The body as a `kind`; an empty body is as good as `{}`.

    Raises InvalidError naming the field and what it should be, and falcon.HTTPUnsupportedMediaType.
    """
    if not body:
        body = b"{}"
    elif (content_type or "").split(";")[0].strip().lower() != "application/json":
        raise falcon.HTTPUnsupportedMediaType(description="the body must be sent as Content-Type: application/json")
    try:
        _check_depth(body)
        found = _decode(body, kind)
    except msgspec.ValidationError as error:
        raise _mistake(str(error), kind, "field") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"the body is not JSON: {error}", hint="send one JSON object, in UTF-8") from None
    _refuse_doubles(body)
    return found


def read_query(request: falcon.Request, kind: type[T]) -> T:
    """The query string as a `kind`. Raises InvalidError naming the parameter and what it should be."""
    params = request.params
    if not params:
        return msgspec.convert({}, kind)
    for name, value in params.items():
        if isinstance(value, list):
            raise InvalidError(f"the parameter `{name[:80]}` is given twice in the address", hint="give it once")
    try:
        # Of a number, or `null`, the conversion from text would make a time.
        msgspec.convert({name: value for name, value in params.items() if name in _times(kind)}, kind)
        return msgspec.convert(params, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _mistake(str(error), kind, "parameter") from None


@cache
def _times(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(name for name, hint in get_type_hints(kind).items() if datetime in (hint, *get_args(hint)))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name that is most like `name`, else with all of them; empty where there are none."""
    names = list(known)
    if meant := did_you_mean(name, names, mark="`"):
        return meant
    return f"known are {', '.join(f'`{one}`' for one in names)}" if names else ""


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {limit:,} bytes", hint="send less at once")


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise
    # A whole number may be written as 3.0; JSON Schema, and so the document, makes no difference.
    return msgspec.convert(_whole(msgspec.json.decode(body)), kind)


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _check_depth(body: bytes) -> None:
    """Count brackets, also those inside texts once a first, cheap count says that they might be too many."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', body, re.DOTALL):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise InvalidError(f"the body is nested more than {MAX_DEPTH} levels deep", hint="send flatter values")


def _refuse_doubles(body: bytes) -> None:
    """Refuse an object that names a field twice, of which the decoder takes the last one silently."""
    json.loads(body, object_pairs_hook=_once_each, parse_int=len, parse_float=len, parse_constant=len)


def _once_each(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InvalidError(f"the field `{name[:80]}` is given twice in the body", hint="give it once")
        seen.add(name)


def _mistake(message: str, kind: type[msgspec.Struct], what: str) -> InvalidError:
    fields = [field.encode_name for field in msgspec.structs.fields(kind)]
    if found := _UNKNOWN.fullmatch(message):
        hint = nearest(found[1], fields) or f"this takes no {what}s"
        return InvalidError(f"unknown {what} `{found[1][:80]}`", hint=hint)
    if found := _MISSING.fullmatch(message):
        return InvalidError(f"the {what} `{found[1]}` is missing", hint=f"known are {', '.join(fields)}")
    found = _PLACED.fullmatch(message)
    reason, place = (found[1], found[2]) if found else (message, None)
    if not place:
        return InvalidError("the body must be a JSON object", hint=f"with {', '.join(fields) or 'nothing in it'}")
    return InvalidError(f"`{place}` {_rule(reason)}", hint=_choices(kind, place))


def _choices(kind: type[msgspec.Struct], place: str) -> str:
    hints = get_type_hints(kind)
    choices = get_args(hints[place]) if get_origin(hints.get(place)) is Literal else ()
    return f"choose one of {', '.join(choices)}" if choices else ""


def _rule(reason: str) -> str:
    if found := re.fullmatch(r"Expected `str` matching regex '(.*)'", reason, re.DOTALL):
        rule = RULES.get(found[1].replace(r"\\", "\\"))
        return rule.sentence if rule else "does not have the form that it must have"
    if found := re.fullmatch(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`", reason):
        return f"must be {_KINDS.get(found[1], found[1])}, and not {_KINDS.get(found[2], found[2])}"
    if found := re.fullmatch(r"Invalid enum value '?(.*?)'?", reason, re.DOTALL):
        return f"cannot be `{found[1][:80]}`"
    if found := re.fullmatch(r"Expected `str` of length (<=|>=) (\d+)", reason):
        return f"must have at {'most' if found[1] == '<=' else 'least'} {found[2]} characters"
    if found := re.fullmatch(r"Expected `int` (<=|>=) (-?\d+)", reason):
        return f"must be {found[2]} or {'less' if found[1] == '<=' else 'more'}"
    return f"is refused: {reason[:1].lower()}{reason[1:]}"


def read_number(text: str, name: str, largest: int = 2**62) -> int:
    """A whole number, not negative, from a header. Raises InvalidError naming the header."""
    if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) is None or int(text) > largest:
        raise InvalidError(f"{name} must be a whole number, not negative")
    return int(text)


def as_json(value: Any) -> bytes:
    """The value as JSON; times end in Z."""
    return msgspec.json.encode(value)
