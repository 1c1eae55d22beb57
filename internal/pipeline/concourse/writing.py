"""Writes HCL text: blocks, arguments, comments. What it writes is formatted afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONG = 90
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: A variable in a text, `((name))`; Concourse leaves alone what else stands in double parentheses.
VARIABLE = re.compile(r"\(\(([-/.:@\"\w]+)\)\)")

Resolve = Callable[[str], str | None]
"""From what stands in double parentheses to an HCL expression; None leaves it as it is."""


@dataclass(frozen=True)
class Raw:
    """An expression of HCL, as it is written."""

    text: str


@dataclass(frozen=True)
class Script:
    """A shell script; a newline at its end makes no difference."""

    text: str


@dataclass
class Writer:
    """Collects the lines of a file."""

    resolve: Resolve
    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def comment(self, text: str) -> None:
        """A comment, one line for each of the text, without what could steer a terminal."""
        lines = ("".join(letter if letter.isprintable() else " " for letter in line) for line in text.splitlines())
        self.lines += [f"# {line}".rstrip() for line in lines]

    def blank(self) -> None:
        """A blank line, unless a block has just begun."""
        if self.lines and self.lines[-1] and not self.lines[-1].endswith("{"):
            self.lines.append("")

    @contextmanager
    def block(self, kind: str, *labels: str, needed: bool = True) -> Iterator[None]:
        """A block with what is written inside the `with`. One that is not `needed` goes where it stays empty."""
        before = len(self.lines)
        self.blank()
        start = len(self.lines)
        self.lines.append(" ".join([kind, *map(quoted, labels), "{"]))
        self.depth += 1
        yield
        self.depth -= 1
        inside = self.lines[start + 1 :]
        if not needed and all(line.startswith("#") or not line for line in inside):
            self.lines[before:] = inside
        elif inside:
            self.lines.append("}")
        else:
            self.lines[-1] += "}"

    def argument(self, name: str, value: Any) -> None:
        """An argument; strings may hold variables of Concourse."""
        self.lines.append(f"{name} = {self.expression(value)}")

    def expression(self, value: Any) -> str:
        """A value as HCL writes it."""
        if isinstance(value, Raw):
            return value.text
        if isinstance(value, Script):
            return self._script(value.text)
        if isinstance(value, dict):
            if not value:
                return "{}"
            pairs = [f"{self._key(str(name))} = {self.expression(item)}" for name, item in value.items()]
            return "\n".join(["{", *pairs, "}"])
        if isinstance(value, list):
            return self._list([self.expression(item) for item in value])
        return self._string(value) if isinstance(value, str) else json.dumps(value)

    def _key(self, name: str) -> str:
        return name if _NAME.fullmatch(name) and name not in ("for", "null", "true", "false") else self._string(name)

    def _list(self, items: list[str]) -> str:
        if any("\n" in item for item in items) or sum(map(len, items)) + 2 * len(items) > _LONG:
            return "\n".join(["[", *(f"{item}," for item in items), "]"])
        return f"[{', '.join(items)}]"

    def _string(self, text: str) -> str:
        parts = self._parts(text)
        if len(parts) == 1 and parts[0][0]:
            return parts[0][1]
        return '"' + "".join(f"${{{found}}}" if variable else _escaped(found) for variable, found in parts) + '"'

    def _script(self, text: str) -> str:
        lines = text.rstrip("\n").split("\n")
        indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip(" \t")]
        printable = all(letter.isprintable() or letter in "\n\t" for letter in text)
        if len(lines) == 1 or min(indents, default=1) or not printable:
            return self._string(text if len(lines) > 1 else lines[0])
        parts = self._parts("\n".join(lines))
        body = "".join(f"${{{found}}}" if variable else _template(found) for variable, found in parts)
        marker = "EOT"
        while re.search(rf"^\s*{marker}\s*$", body, re.MULTILINE):
            marker += "_"
        indent = "  " * (self.depth + 1)
        shifted = [f"{indent}{line}" if line.strip() else "" for line in body.split("\n")]
        return "\n".join([f"<<-{marker}", *shifted, f"{'  ' * self.depth}{marker}"])

    def _parts(self, text: str) -> list[tuple[bool, str]]:
        """The text as literal parts and, told by True, expressions."""
        parts: list[tuple[bool, str]] = []
        position = 0
        for found in VARIABLE.finditer(text):
            expression = self.resolve(found[1])
            if expression is not None:
                parts += _literal(text[position : found.start()])
                parts.append((True, expression))
                position = found.end()
        if position < len(text) or not parts:
            parts.append((False, text[position:]))
        return parts


def quoted(text: str) -> str:
    """A text in quotes, with nothing in it that means anything."""
    return f'"{_escaped(text)}"'


def _literal(text: str) -> list[tuple[bool, str]]:
    """A literal in front of an expression: a sign at its end would escape what follows."""
    kept = text.rstrip("$%")
    signs = [(True, quoted(text[len(kept) :]))] if kept != text else []
    return [(False, kept), *signs] if kept else signs


def _template(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _escaped(text: str) -> str:
    return "".join(
        _ESCAPES.get(letter) or (letter if letter.isprintable() else _code(letter)) for letter in _template(text)
    )


def _code(letter: str) -> str:
    number = ord(letter)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
