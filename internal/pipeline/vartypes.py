"""The types of variables, as `type = ...` writes them, and Terraform's conversions to them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pikoci.internal.pipeline.schema import ConversionError
from pikoci.pkg.hcl import syntax, values
from pikoci.pkg.hcl.static import keyword
from pikoci.pkg.hcl.suggestions import did_you_mean

_PRIMITIVES = {"string": values.to_string, "number": values.to_number, "bool": values.to_bool}
_COLLECTIONS = ("list", "set", "map")
_WORDS = (*_PRIMITIVES, "any", *_COLLECTIONS, "object")
_MAX_DEPTH = 20
_TOO_BIG = 10**300


@dataclass(frozen=True, slots=True)
class VariableType:
    """A type: a primitive, `any`, a collection of `element`, or an object with `fields`."""

    name: str
    element: VariableType | None = None
    fields: Mapping[str, VariableType] | None = None


ANY = VariableType("any")


def parse_type(expression: syntax.Expression, depth: int = 0) -> VariableType:
    """The type that `expression` writes. Raises ConversionError."""
    if depth > _MAX_DEPTH:
        raise ConversionError("the type is nested too deeply")
    word = keyword(expression)
    if isinstance(expression, syntax.Literal) and isinstance(expression.value, str):
        word = expression.value  # "string" in quotes is Terraform's old form
    if word is not None and (word in _PRIMITIVES or word == "any"):
        return VariableType(word)
    if word in _COLLECTIONS:
        return VariableType(word, ANY)
    if isinstance(expression, syntax.Call):
        return _constructor(expression, depth)
    raise ConversionError(
        f'"{word}" is not a type' if word else "this is not a type", did_you_mean(word or "", _WORDS) or _ways_out()
    )


def convert(value: Any, wanted: VariableType) -> Any:
    """`value` as the HCL value of type `wanted`. Raises ConversionError, which never shows the value."""
    if value is None or wanted.name == "any" or isinstance(value, values.Deferred):
        return value
    try:
        return _convert(value, wanted)
    except values.UnfitValueError as error:
        raise ConversionError(str(error)) from error


def from_user(value: object, wanted: VariableType) -> Any:
    """A value that came as JSON or from a command line, as HCL. Raises ConversionError.

    On a command line everything is a string, so a string that is given for a collection is read as JSON.
    """
    if isinstance(value, str) and (wanted.element is not None or wanted.fields is not None):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ConversionError(f"a {wanted.name} is required", 'write it as JSON, such as ["a", "b"]') from error
    return convert(_plain(value, 0), wanted)


def _convert(value: Any, wanted: VariableType) -> Any:
    if wanted.name in _PRIMITIVES:
        return _PRIMITIVES[wanted.name](value)
    if wanted.fields is not None:
        given = values.to_object(value)
        missing = [name for name in wanted.fields if name not in given]
        if missing:
            raise ConversionError(f'the object has no "{missing[0]}"')
        return {name: convert(given[name], kind) for name, kind in wanted.fields.items()}
    element = wanted.element or ANY
    if wanted.name == "map":
        return {name: convert(item, element) for name, item in values.to_object(value).items()}
    items = [convert(item, element) for item in values.to_items(value)]
    return values.ValueSet(items) if wanted.name == "set" else items


def _constructor(call: syntax.Call, depth: int) -> VariableType:
    if len(call.arguments) == 1:
        argument = call.arguments[0]
        if call.name in _COLLECTIONS:
            return VariableType(call.name, parse_type(argument, depth + 1))
        if call.name == "object" and isinstance(argument, syntax.Object):
            return VariableType("object", fields=dict(_field(item, depth) for item in argument.items))
    raise ConversionError(f'"{call.name}(...)" is not a type', did_you_mean(call.name, _WORDS) or _ways_out())


def _field(item: tuple[syntax.Expression, syntax.Expression], depth: int) -> tuple[str, VariableType]:
    key, kind = item
    if not isinstance(key, syntax.Literal):
        raise ConversionError("the names in object({...}) must be plain names")
    return str(key.value), parse_type(kind, depth + 1)


def _ways_out() -> str:
    return "write string, number, bool, any, list(...), set(...), map(...) or object({...})"


def _plain(value: object, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ConversionError("the value is nested too deeply")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConversionError("a finite number is required")
        return int(value) if value.is_integer() else Decimal(str(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, int) and abs(value) >= _TOO_BIG:
        raise ConversionError("the number is too big")
    if value is None or isinstance(value, (str, bool, int, Decimal)):
        return value
    raise ConversionError(f"a value of the type {type(value).__name__} is not possible")
