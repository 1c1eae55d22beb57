"""Conditions that are decided while a build runs: `$TASK_A_B == 'x' && !($GET_REPO_REF contains 'wip')`.

The grammar, loosest first, is Python's with other words for `or`, `and` and `not`:

    any        = all { "||" all }
    all        = not { "&&" not }
    not        = { "!" } ( "(" any ")" | value [ comparison value ] )
    value      = $NAME | 'text' | "text" | number
    comparison = == | != | < | > | <= | >= | contains | !contains
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

#: Characters of a condition, and levels of brackets and `!` in it.
MAX_LENGTH, MAX_DEPTH = 4_000, 50

_NUMBER = re.compile(r"-?[0-9]{1,100}(?:\.[0-9]{1,100})?", re.ASCII)
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<name>\$[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>'[^']*'|"[^"]*")
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.]))
    | (?P<sign>==|!=|<=|>=|<|>|&&|\|\||!contains\b|contains\b|!|\(|\))
    | (?P<end>\Z)
    )""",
    re.ASCII | re.VERBOSE,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_CONTAINS = {"contains": True, "!contains": False}
_FALSE = ("", "false", "0")

Variables = Mapping[str, str]


class ConditionError(ValueError):
    """A text is no condition. `at` is the place of what is wrong in it; `hint` says what to do."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.hint = hint


class Condition(Protocol):
    """A condition that was read. `names` are those of its variables."""

    def holds(self, variables: Variables) -> bool:
        """Whether it holds; a variable that is not set is empty."""

    @property
    def names(self) -> list[str]:
        """The names of the variables in it, each once, in order."""


def parse(text: str) -> Condition:
    """The condition that `text` says. Raises ConditionError."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"it has more than {MAX_LENGTH:,} characters", 0, "decide in a task's script")
    return _Parser(text).parse()


@dataclass(frozen=True, slots=True)
class _Value:
    """One operand. Quoted text is never a number, whatever it looks like."""

    text: str
    is_name: bool = False
    is_quoted: bool = False

    def read(self, variables: Variables) -> tuple[str, Decimal | None]:
        """Its text, and its number if it is one."""
        text = variables.get(self.text, "") if self.is_name else self.text
        return text, None if self.is_quoted or not _NUMBER.fullmatch(text) else Decimal(text)

    def holds(self, variables: Variables) -> bool:
        text, number = self.read(variables)
        return text not in _FALSE and number != 0

    @property
    def names(self) -> list[str]:
        return [self.text] if self.is_name else []


@dataclass(frozen=True, slots=True)
class _Comparison:
    left: _Value
    sign: str
    right: _Value

    def holds(self, variables: Variables) -> bool:
        (left, left_number), (right, right_number) = self.left.read(variables), self.right.read(variables)
        if self.sign in _CONTAINS:
            return (right in left) is _CONTAINS[self.sign]
        if left_number is not None and right_number is not None:
            return _COMPARISONS[self.sign](left_number, right_number)
        return _COMPARISONS[self.sign](left, right)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys([*self.left.names, *self.right.names]))


@dataclass(frozen=True, slots=True)
class _Not:
    inner: Condition

    def holds(self, variables: Variables) -> bool:
        return not self.inner.holds(variables)

    @property
    def names(self) -> list[str]:
        return self.inner.names


@dataclass(frozen=True, slots=True)
class _Several:
    """Some that all have to hold, or of which one has to."""

    every: bool
    parts: list[Condition]

    def holds(self, variables: Variables) -> bool:
        return (all if self.every else any)(part.holds(variables) for part in self.parts)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for part in self.parts for name in part.names))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)
        self._depth = 0

    def parse(self) -> Condition:
        found = self._any()
        if self._next.kind != "end":
            raise _unexpected(self._next, "the condition should end here, or go on with && or ||")
        return found

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._take("||"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _Several(every=False, parts=parts)

    def _all(self) -> Condition:
        parts = [self._not()]
        while self._take("&&"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _Several(every=True, parts=parts)

    def _not(self) -> Condition:
        at = self._next.at
        if not (opened := self._take("(")) and not self._take("!"):
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"more than {MAX_DEPTH} levels of brackets and !", at, "decide in a task's script")
        found = self._any() if opened else _Not(self._not())
        self._depth -= 1
        if opened and not self._take(")"):
            raise _unexpected(self._next, "a bracket is not closed: a ) is missing")
        return found

    def _comparison(self) -> Condition:
        left = self._value()
        sign = self._next.text
        if self._next.kind != "sign" or (sign not in _COMPARISONS and sign not in _CONTAINS):
            return left
        self._advance()
        return _Comparison(left, sign, self._value())

    def _value(self) -> _Value:
        token = self._next
        if token.kind in {"sign", "end"}:
            raise _unexpected(token, "a value is missing: $NAME, 'text' or a number")
        self._advance()
        if token.kind == "name":
            return _Value(token.text[1:], is_name=True)
        if token.kind == "text":
            return _Value(token.text[1:-1], is_quoted=True)
        return _Value(token.text)

    def _take(self, sign: str) -> bool:
        taken = self._next.kind == "sign" and self._next.text == sign
        if taken:
            self._advance()
        return taken

    def _advance(self) -> None:
        self._next = next(self._tokens)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind))
        at = match.end()


def _unexpected(token: _Token, message: str) -> ConditionError:
    hint = f'it is in front of "{token.text}"' if token.text else "it is at the end"
    return ConditionError(message, token.at, hint)


def _unreadable(text: str, at: int) -> ConditionError:
    """What is wrong with a text that goes on with no part of a condition."""
    at += len(text[at:]) - len(text[at:].lstrip())
    rest = text[at:]
    if rest[0] in "'\"":
        return ConditionError("a text does not end", at, f"close it with {rest[0]}")
    if rest.startswith("${"):
        return ConditionError("a variable is written without braces", at, "write $NAME")
    word = re.match(r"[\w.-]+", rest)
    if word is not None:
        return ConditionError(
            f'"{word[0][:40]}" is no value', at, f"write '{word[0][:40]}' for a text, $NAME for a variable"
        )
    doubled = {"=": "==", "&": "&&", "|": "||"}.get(rest[0])
    hint = f"write {doubled}" if doubled else "known are == != < > <= >= contains !contains && || ! ( )"
    return ConditionError(f'"{rest[0]}" means nothing here', at, hint)
