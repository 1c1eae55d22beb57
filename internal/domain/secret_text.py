"""Texts of a plan that are complete only when a build runs, as values of secrets stand in them.

A plan holds such a text as a string of its own form, `FORM` and a JSON array: a string in it stands for itself, and
`{"var": NAME}` for the value of a secret-backed variable. A text that somebody wrote and that begins with `FORM` is
held in that form too: so what is read as one always is one, and every text comes out as it went in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

FORM = "secret-text:"


class SecretReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place of a secret-backed variable's value."""

    var: str


Part = str | SecretReference

_decoder = msgspec.json.Decoder(list[Part])


def compose(parts: Iterable[Part]) -> str:
    """The text of a plan that stands for these parts, one after another."""
    return FORM + msgspec.json.encode(list(parts)).decode()


def plain(text: str) -> str:
    """The text of a plan that stands for `text` itself."""
    return compose([text]) if text.startswith(FORM) else text


def parts_of(text: str) -> list[Part]:
    """What a text of a plan stands for."""
    if text.startswith(FORM):
        try:
            return _decoder.decode(text[len(FORM) :])
        except msgspec.DecodeError:
            pass  # from before this form: nobody would have made it
    return [text]


def references(value: object) -> Iterator[str]:
    """The names of the secret-backed variables in the texts of `value`, which is plain data."""
    if isinstance(value, str):
        if value.startswith(FORM):
            yield from (part.var for part in parts_of(value) if isinstance(part, SecretReference))
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


def fill(value: Any, value_of: Callable[[str], str]) -> Any:
    """`value`, plain data of a plan, with every text complete; `value_of` gives the value of a variable."""
    if isinstance(value, str):
        if not value.startswith(FORM):
            return value
        return "".join(part if isinstance(part, str) else value_of(part.var) for part in parts_of(value))
    if isinstance(value, dict):
        return {name: fill(item, value_of) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, value_of) for item in value]
    return value


def shown(text: str) -> str:
    """A text of a plan as people write it: `Bearer ${var.token}`."""
    return "".join(part if isinstance(part, str) else f"${{var.{part.var}}}" for part in parts_of(text))
