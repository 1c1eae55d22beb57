"""Inputs of jobs: values that are asked for when somebody starts a build by hand, and that its commands see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from pikoci.internal.domain.errors import InvalidInputsError
from pikoci.internal.domain.names import NameRule
from pikoci.internal.domain.suggestions import did_you_mean

#: What an input may be called.
NAME = NameRule("A-Za-z_", "A-Za-z0-9_-", "letters, digits, `_` and `-`, the first a letter or `_`", 100)
#: A job has at most so many, and the values of a build at most so many bytes together, as its commands see them.
MAX_INPUTS, MAX_INPUT_BYTES = 50, 64 * 1024

Value = str | int | float | bool | list[str]

_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(\.[0-9]{1,15})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
_MOST = 10**15
_SHOWN = 40


class UnfitInputError(ValueError):
    """A value does not fit an input. Its text goes on after the input's name: `must be a number`."""


class JobInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input. `list` is a list of strings. `choices`, as text, are the only values that it, or an element, may have.

    One that is `required` must have a value that is not empty, given or by default.
    """

    name: str
    type: Literal["string", "number", "bool", "list"] = "string"
    description: str = ""
    default: Value | None = None
    choices: list[str] = []
    required: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that commands see it as."""
        return variable_of(self.name)

    def fit(self, value: object) -> Value:
        """`value` as the input has it; text is read as its type, as on a command line. Raises UnfitInputError."""
        found = _converted(self.type, value)
        parts = found if isinstance(found, list) else [found]
        texts = [text_of(part) for part in parts]
        for text in texts:
            _check_text(text)
            if self.choices and text not in self.choices:
                known = ", ".join(f'"{choice}"' for choice in self.choices)
                raise UnfitInputError(f'must be one of {known}, and "{text[:_SHOWN]}" is not')
        if self.required and not any(texts):
            raise UnfitInputError("must not be empty")
        return found


def settle(job: str, inputs: Sequence[JobInput], given: Mapping[str, object]) -> dict[str, Value]:
    """The inputs of a build that is started by hand: what was `given`, and the defaults.

    Raises InvalidInputsError, which names the job and every input that is wrong, missing, or not there at all.
    """
    known = {wanted.name: wanted for wanted in inputs}
    faults: dict[str, str] = {}
    values: dict[str, Value] = {}
    for name, value in given.items():
        try:
            values[name] = _known(known, name).fit(value)
        except UnfitInputError as error:
            faults[name] = str(error)
    for wanted in inputs:
        if wanted.required and wanted.default is None and wanted.name not in given:
            faults[wanted.name] = "must be given"
    if not faults and sum(map(_size, environment(inputs, values).items())) > MAX_INPUT_BYTES:
        faults = dict.fromkeys(list(given)[:1], f"makes the inputs longer than {MAX_INPUT_BYTES:,} bytes")
    if faults:
        raise InvalidInputsError(_sentence(job, faults), faults, hint=_hint(known, faults))
    return complete(inputs, values)


def complete(inputs: Iterable[JobInput], values: Mapping[str, Value]) -> dict[str, Value]:
    """`values` with the defaults of the inputs that are not among them; those without either are left out."""
    defaults = {wanted.name: wanted.default for wanted in inputs if wanted.default is not None}
    return {**defaults, **values}


def environment(inputs: Iterable[JobInput], values: Mapping[str, Value]) -> dict[str, str]:
    """What commands see: a variable for each input, empty where it has no value."""
    found = {wanted.variable: "" for wanted in inputs}
    found.update((variable_of(name), text_of(value)) for name, value in complete(inputs, values).items())
    return found


def variable_of(name: str) -> str:
    """The environment variable of an input: `INPUT_DRY_RUN` for `dry-run`."""
    return f"INPUT_{name.upper().replace('-', '_')}"


def text_of(value: Value) -> str:
    """A value as commands and people see it: text as it is, numbers plainly, true or false, a list as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _known(known: Mapping[str, JobInput], name: str) -> JobInput:
    if name not in known:
        raise UnfitInputError("does not exist")
    return known[name]


def _converted(kind: str, value: object) -> Value:
    match kind:
        case "number":
            return _number(value)
        case "bool":
            return _bool(value)
        case "list":
            return _list(value)
        case _:
            return _text(value)


def _text(value: object) -> str:
    if isinstance(value, (str, bool, int, float)):
        return text_of(value)
    raise UnfitInputError("must be text")


def _number(value: object) -> int | float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value) if set(value) & set(".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnfitInputError("must be a number")
    if not abs(value) < _MOST:  # nor is NaN
        raise UnfitInputError(f"must be a number of less than {len(str(_MOST))} digits")
    return int(value) if float(value).is_integer() else value


def _bool(value: object) -> bool:
    found = {"true": True, "false": False}.get(value.strip()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise UnfitInputError("must be true or false")
    return found


def _list(value: object) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, list):
        raise UnfitInputError('must be a list, written as JSON such as ["a", "b"]')
    return [_text(element) for element in value]


def _check_text(text: str) -> None:
    if "\0" in text:
        raise UnfitInputError("has a NUL character, which no environment variable can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnfitInputError("is not valid text") from None


def _size(variable: tuple[str, str]) -> int:
    return sum(len(part.encode()) + 1 for part in variable)


def _sentence(job: str, faults: Mapping[str, str]) -> str:
    return f"job {job}: " + "; ".join(f'input "{name[:_SHOWN]}" {fault}' for name, fault in list(faults.items())[:10])


def _hint(known: Mapping[str, JobInput], faults: Iterable[str]) -> str:
    unknown = next((name for name in faults if name not in known), None)
    if unknown is None:
        return ""
    return did_you_mean(unknown, list(known)) or (f"its inputs: {', '.join(known)}" if known else "it has no inputs")
