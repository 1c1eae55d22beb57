"""Versions in names, such as `1.2.3-rc.1`: their order, and constraints such as `>= 1.2, < 2`.

The order is that of Semantic Versioning 2.0.0, for any number of numbers; a `v` in front and what follows a `+` mean
nothing. Ranges are those that npm, Helm and Concourse know.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_VERSION = re.compile(
    r"v?(\d{1,18}(?:\.\d{1,18}){0,9})(?:-([0-9A-Za-z.-]{1,128}))?(?:\+[0-9A-Za-z.-]{1,128})?", re.ASCII
)
_TERM = re.compile(r"(~>|>=|<=|!=|==|=|>|<|~|\^)?\s*v?(\*|[xX]|\d[0-9A-Za-z.*+-]*)(?:\s*,\s*|\s+|$)", re.ASCII)
_PARTIAL = re.compile(r"(\d{1,18}(?:\.\d{1,18}){0,9})(\.[xX*])*", re.ASCII)
_ANY = frozenset("*xX")
_HYPHEN = re.compile(r"(?<=\S)\s+-\s+(?=\S)")
_LONGEST = 512
_PLACES = 3

#: Lower than every pre-release of the same numbers.
_LOWEST: tuple[tuple[int, int, str], ...] = ((-1, 0, ""),)


class ConstraintError(ValueError):
    """A constraint cannot be read; the text is one sentence for people."""


class VersionKey(NamedTuple):
    """Where a version stands in the order: its numbers without zeros at the end, and its pre-release, if any.

    A tuple, since a hundred thousand are sorted at a time.
    """

    numbers: tuple[int, ...]
    final: bool = True
    pre: tuple[tuple[int, int, str], ...] = ()


def parse_version(text: str) -> VersionKey | None:
    """The place of `text` in the order; None if it is no version."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    return VersionKey(_trimmed(_numbers(found[1])), not found[2], _identifiers(found[2] or ""))


class Constraint:
    """Which versions are wanted: `~1.2`, `^1.2.3`, `1.x`, `1.2 - 1.4`, `>= 1.2 < 3 || >= 4.2.3`, `!= 1.3.1`, `*`.

    Raises ConstraintError.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise ConstraintError(f"it is longer than {_LONGEST} characters")
        self._choices = [_terms(choice, text) for choice in text.split("||")]

    def allows(self, version: VersionKey) -> bool:
        """Whether it is wanted. A pre-release lies below the version it leads to, and outside of `< 2` and `~1`."""
        return any(all(_fits(term, version) for term in terms) for terms in self._choices)


#: Operator and bound.
_Term = tuple[str, VersionKey]


def _terms(choice: str, whole: str) -> list[_Term]:
    text = _HYPHEN.sub(" <= ", ">= " + choice.strip()) if _HYPHEN.search(choice) else choice.strip()
    found: list[_Term] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise ConstraintError(f'"{whole}" is no constraint of versions')
        found += _bounds(match[1] or "", match[2], whole)
        at = match.end()
    if not text:
        raise ConstraintError(f'"{whole}" names no version')
    return found


def _bounds(operator: str, text: str, whole: str) -> list[_Term]:
    """The comparisons that a term stands for."""
    if text in _ANY:
        return []
    partial = _PARTIAL.fullmatch(text)
    exact = parse_version(text)
    if partial is None and exact is None:
        raise ConstraintError(f'"{text}" in "{whole}" is no version')
    numbers = _numbers(partial[1] if partial else re.split("[-+]", text)[0])
    low = exact or VersionKey(_trimmed(numbers))
    if partial is not None and len(numbers) < _PLACES and operator in ("", "=", "=="):
        return [(">=", low), ("<", _after(numbers, len(numbers) - 1))]
    match operator:
        case "~" | "~>":
            return [(">=", low), ("<", _after(numbers, min(1, len(numbers) - 1)))]
        case "^":
            first = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
            return [(">=", low), ("<", _after(numbers, first))]
        case ">" | "<=" if partial is not None and len(numbers) < _PLACES:
            after = _after(numbers, len(numbers) - 1)
            return [(">=" if operator == ">" else "<", after)]
        case "<" if not low.pre:
            return [("<", VersionKey(low.numbers, False, _LOWEST))]
        case "" | "==":
            return [("=", low)]
        case _:
            return [(operator, low)]


def _after(numbers: tuple[int, ...], place: int) -> VersionKey:
    """What comes after all versions that are the same up to `place`."""
    return VersionKey(_trimmed((*numbers[:place], numbers[place] + 1)), False, _LOWEST)


def _fits(term: _Term, version: VersionKey) -> bool:
    operator, bound = term
    match operator:
        case ">=":
            return version >= bound
        case ">":
            return version > bound
        case "<=":
            return version <= bound
        case "<":
            return version < bound
        case "!=":
            return version != bound
        case _:
            return version == bound


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))


def _trimmed(numbers: tuple[int, ...]) -> tuple[int, ...]:
    end = len(numbers)
    while end > 1 and numbers[end - 1] == 0:
        end -= 1
    return numbers[:end]


def _identifiers(pre: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers come before words, and by their value."""
    parts = pre.split(".") if pre else []
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
