"""Encoding functions."""

import base64
import binascii
import csv
import io
import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from pikoci.pkg.hcl import numeric
from pikoci.pkg.hcl.literals import normalized
from pikoci.pkg.hcl.numeric import NumberError, normal, number_text
from pikoci.pkg.hcl.values import UnfitValueError, Value, ValueSet, to_string

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_MAX_DEPTH = 100
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def base64decode(text: Value) -> Value:
    """base64decode(string): decode base64 that holds UTF-8 text. `base64decode("aGk=")` is `"hi"`."""
    try:
        return base64.b64decode(to_string(text).replace("\r", "").replace("\n", ""), validate=True).decode()
    except (binascii.Error, ValueError) as cause:
        if isinstance(cause, UnfitValueError):
            raise
        problem = "the decoded bytes are not UTF-8 text" if isinstance(cause, UnicodeError) else "it is not base64"
        raise UnfitValueError(problem) from cause


def base64encode(text: Value) -> Value:
    """base64encode(string): encode text as base64. `base64encode("hi")` is `"aGk="`."""
    return base64.b64encode(to_string(text).encode("utf-8", "replace")).decode()


def csvdecode(text: Value) -> Value:
    r"""csvdecode(string): read CSV with a header line into a list of objects. `csvdecode("a,b\n1,2")[0].b` is `"2"`."""
    try:
        rows = [row for row in csv.reader(io.StringIO(to_string(text)), strict=True) if row]
    except csv.Error as cause:
        raise UnfitValueError(f"it is not CSV: {cause}") from cause
    if not rows:
        raise UnfitValueError("the header line is missing")
    header, found = rows[0], list[Value]()
    if len(set(header)) < len(header):
        raise UnfitValueError("a column name occurs twice in the header line")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise UnfitValueError(f"row {number} has {len(row)} fields, but the header has {len(header)}")
        record: dict[str, Value] = dict(zip(header, row, strict=True))
        found.append(record)
    return found


def jsondecode(text: Value) -> Value:
    """jsondecode(string): read JSON. `jsondecode("[1, 2]")` is `[1, 2]`."""
    body = to_string(text)
    try:
        return _clean(json.loads(body, parse_int=_number, parse_float=_number, parse_constant=_refuse))
    except (json.JSONDecodeError, RecursionError) as cause:
        problem = (
            f"{cause.msg} at character {cause.pos}"
            if isinstance(cause, json.JSONDecodeError)
            else "it is nested too deeply"
        )
        raise UnfitValueError(f"it is not JSON: {problem}") from cause


def jsonencode(value: Value) -> Value:
    r"""jsonencode(value): write JSON in one line. `jsonencode({a = [1, true]})` is `"{\"a\":[1,true]}"`."""
    return json_text(value)


def urlencode(text: Value) -> Value:
    """urlencode(string): escape for the query of a URL. `urlencode("a b/c")` is `"a+b%2Fc"`."""
    return quote_plus(to_string(text), errors="replace")


def json_text(value: Value) -> str:
    """Return a value as compact JSON, object keys in order, safe to put into HTML.

    Raises:
        UnfitValueError: there is a secret-backed value in it.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return number_text(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    if isinstance(value, dict):
        members = (f"{json_text(key)}:{json_text(value[key])}" for key in sorted(value))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list | ValueSet):
        return f"[{','.join(map(json_text, value))}]"
    raise value.misuse()


def _number(text: str) -> numeric.Number:
    try:
        return normal(Decimal(text))
    except (NumberError, ArithmeticError) as cause:
        raise UnfitValueError(f"the number {text[:40]} is too large") from cause


def _refuse(text: str) -> Value:
    raise UnfitValueError(f"it is not JSON: {text} is no JSON value")


def _clean(value: Any, depth: int = 0) -> Value:
    """Bring strings into the form that all strings have; refuse what is too deep for functions that walk through it."""
    if depth > _MAX_DEPTH:
        raise UnfitValueError("it is nested too deeply")
    if isinstance(value, str):
        return normalized(_LONE_SURROGATE.sub("\ufffd", value))
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(item, depth + 1) for name, item in value.items()}
    scalar: Value = value
    return scalar
