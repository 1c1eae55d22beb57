"""Reads a YAML file into plain values that know their lines, within bounds on time and memory.

Nothing is constructed but strings, numbers, bools, lists and maps, whatever tags say. Aliases are followed, and what
they repeat counts each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from pikoci.internal.domain.errors import InvalidError, TooLargeError

MAX_BYTES = 1024 * 1024
MAX_VALUES = 50_000
MAX_DEPTH = 60

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"


class Mapping(dict[str, Any]):
    """A map; `line` is where it begins, `lines` has those of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Sequence(list[Any]):
    """A list; `lines` are those of its items."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


def read(text: str, filename: str) -> Mapping:
    """The one document of a file, a map. Raises InvalidError with the line, or TooLargeError."""
    if len(text) > MAX_BYTES:
        raise TooLargeError(f"{filename} is too large", hint=f"at most {MAX_BYTES:,} bytes are taken")
    try:
        node = yaml.compose(text, Loader=_LOADER)
        made = _Reading(filename).value(node, 0) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{filename}:{mark.line + 1}:{mark.column + 1}" if mark else filename
        raise InvalidError(f"{place}: this is no YAML: {getattr(error, 'problem', None) or error}") from error
    except RecursionError as error:
        raise InvalidError(f"{filename} is nested too deeply") from error
    if not isinstance(made, Mapping):
        raise InvalidError(f"{filename} holds no map", hint="give a pipeline file with resources and jobs")
    return made


def maps(found: object) -> Iterator[Mapping]:
    """Every map in a value, itself included."""
    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
            waiting += one.values()
        elif isinstance(one, Sequence):
            waiting += one


class _Reading:
    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._left = MAX_VALUES

    def value(self, node: yaml.Node, depth: int) -> Any:
        line = node.start_mark.line + 1
        self._left -= 1
        if self._left < 0:
            raise TooLargeError(f"{self._filename}:{line}: there are more than {MAX_VALUES:,} values, aliases followed")
        if depth > MAX_DEPTH:
            raise InvalidError(f"{self._filename}:{line}: this is nested too deeply")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            made = Sequence()
            for item in node.value:
                made.append(self.value(item, depth + 1))
                made.lines.append(item.start_mark.line + 1)
            return made
        quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"', "|", ">")
        return node.value if quoted else _plain(str(node.value))

    def _mapping(self, node: yaml.MappingNode, depth: int) -> Mapping:
        made = Mapping(node.start_mark.line + 1)
        merged: list[Mapping] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                found = self.value(value, depth + 1)
                merged += [
                    one for one in (found if isinstance(found, Sequence) else [found]) if isinstance(one, Mapping)
                ]
                continue
            name = key.value if isinstance(key, yaml.ScalarNode) else str(key.tag)
            made[name] = self.value(value, depth + 1)
            made.lines[name] = key.start_mark.line + 1
        for other in merged:
            for name in other:
                if name not in made:
                    made[name], made.lines[name] = other[name], other.lines[name]
        return made


def _plain(text: str) -> Any:
    """A scalar without quotes, as YAML 1.2 reads it; what looks like a number and isn't simple stays text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text
