"""The kinds of values that attributes take, with Terraform's conversions between string, number and bool."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pikoci.internal.domain import secret_text, variables
from pikoci.internal.domain.duration import InvalidDurationError, parse_duration
from pikoci.internal.domain.limits import MAX_ENV, MAX_PRIORITY
from pikoci.internal.domain.names import SLUG_PATTERN
from pikoci.internal.domain.schedule import InvalidScheduleError, parse_schedule
from pikoci.internal.domain.secret_text import SecretReference
from pikoci.internal.domain.tags import MAX_TAGS
from pikoci.internal.pipeline.schema import ConversionError, Kind
from pikoci.internal.pipeline.suggest import hint_for
from pikoci.pkg.hcl import values

_SLUG = re.compile(SLUG_PATTERN, re.ASCII)
_MAX_WHOLE = 1_000_000
_ENV_FORM = 'write env = { NAME = "value" }'


def _fitting(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`convert` with the errors of the HCL room turned into ours."""

    def fit(value: Any) -> Any:
        try:
            return convert(value)
        except values.UnfitValueError as error:
            hint = "put it in brackets: [...]" if convert is values.to_items and isinstance(value, str) else ""
            raise ConversionError(str(error), hint) from error

    return fit


to_string = _fitting(values.to_string)
to_bool = _fitting(values.to_bool)
to_list = _fitting(values.to_items)


def to_number(value: Any) -> int | float:
    """A number, or a string that holds one. Raises ConversionError."""
    number: int | Decimal = _fitting(values.to_number)(value)
    return number if isinstance(number, int) else float(number)


def to_strings(value: Any, convert: Callable[[Any], str] = to_string) -> list[str]:
    """A list of strings, each by `convert`. Raises ConversionError that names the element."""
    result = []
    for place, element in enumerate(to_list(value)):
        try:
            result.append(convert(element))
        except ConversionError as error:
            raise ConversionError(f"element {place}: {error}") from error
    return result


def to_json(value: Any) -> Any:
    """`value` as plain JSON data for a plan: sets become lists, whole numbers ints, others floats.

    Its texts may hold values of secrets; see `secret_text`.
    """
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: to_json(element) for key, element in value.items()}
    if isinstance(value, (list, values.ValueSet)):
        return [to_json(element) for element in value]
    return to_text(value) if isinstance(value, (str, values.Deferred)) else value


def to_text(value: Any) -> str:
    """A text of a plan, in which values of secrets may stand; see `secret_text`. Raises ConversionError."""
    if isinstance(value, values.Deferred):
        return secret_text.compose(
            part if isinstance(part, str) else SecretReference(part.name.removeprefix("var.")) for part in value.parts
        )
    return secret_text.plain(to_string(value))


def _to_duration(value: Any) -> float:
    try:
        return parse_duration(to_string(value))
    except InvalidDurationError as error:
        raise ConversionError(error.message, error.hint) from error


def _to_interval(value: Any) -> str:
    text: str = to_string(value).strip()
    try:
        parse_schedule(text)
    except InvalidScheduleError as error:
        raise ConversionError(error.message, error.hint) from error
    return text


def _whole(least: int, most: int = _MAX_WHOLE) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        number = to_number(value)
        if not isinstance(number, int) or not least <= number <= most:
            raise ConversionError(f"a whole number from {least} to {most} is required, not {number}")
        return number

    return convert


def _to_env(value: Any) -> dict[str, str]:
    """Environment variables by name; what is null is left out."""
    if not isinstance(value, dict):
        hint = f"{_ENV_FORM}; a param that is called env goes into a params block"
        raise ConversionError(f"a map of environment variables is required, not a {values.kind(value)}", hint)
    env: dict[str, str] = {}
    for name, element in value.items():
        if element is None:
            continue
        try:
            env[name] = to_text(element)
        except ConversionError as error:
            raise ConversionError(f'"{name}": {error}', _ENV_FORM) from error
        if fault := variables.fault_of(name, env[name]):
            raise ConversionError(fault)
    if sum(variables.size_of(name, text) for name, text in env.items()) > MAX_ENV:
        raise ConversionError(f"the variables have more than {MAX_ENV:,} bytes", "hand large things over in files")
    return env


def _to_tags(value: Any) -> list[str]:
    tags = to_strings(value)
    for tag in tags:
        if not _SLUG.fullmatch(tag):
            raise ConversionError(
                f'"{tag[:40]}" is not a tag', "a tag has lower-case letters, digits and single hyphens"
            )
    if len(tags) > MAX_TAGS:
        raise ConversionError(f"at most {MAX_TAGS} tags are possible, and these are {len(tags)}")
    return sorted(set(tags))


def choice(*words: str) -> Kind:
    """A string that is one of `words`."""

    def convert(value: Any) -> str:
        text: str = to_string(value)
        if text not in words:
            raise ConversionError(f'"{text[:40]}" is not possible here', hint_for(text, words))
        return text

    return Kind(" or ".join(f'`"{word}"`' for word in words), convert, words[0])


def choices(*words: str) -> Kind:
    """A list of strings, each one of `words`."""
    one = choice(*words)
    return Kind(
        "list of " + ", ".join(f'`"{word}"`' for word in words),
        lambda value: [one.convert(word) for word in to_strings(value)],
        [],
    )


STRING = Kind("string", to_string, "")
#: As STRING and STRINGS, for what a worker completes with the values of secrets before it is used.
TEXT = Kind("string", to_text, "")
TEXTS = Kind("list of strings", lambda value: to_strings(value, to_text), [])
BOOL = Kind("bool", to_bool, False)
COUNT = Kind("whole number", _whole(0), 0)
POSITIVE = Kind("whole number, 1 or more", _whole(1), 1)
PRIORITY = Kind(f"whole number, -{MAX_PRIORITY} to {MAX_PRIORITY}", _whole(-MAX_PRIORITY, MAX_PRIORITY), 0)
STRINGS = Kind("list of strings", to_strings, [])
NAMES = Kind("list of names", lambda value: list(dict.fromkeys(to_strings(value))), [])
TAGS = Kind("list of tags", _to_tags, [])
DURATION = Kind("duration", _to_duration, 0.0)
ENV = Kind("map of strings", _to_env, {})
INTERVAL = Kind("schedule", _to_interval, "@hourly")
ANY = Kind("any value", to_json, "")
RAW = Kind("any value", lambda value: value)
COLLECTION = Kind("set or map", lambda value: value)
TYPE = Kind("type", lambda value: value, syntax=True)
