"""Paths to one value in a JSON document: `$.release.tags[0]["name"]`, a part of JSONPath (RFC 9535)."""

from __future__ import annotations

import re

from pikoci.internal.domain.errors import InvalidError

_PART = re.compile(r'\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\["([^"\\]+)"\]', re.ASCII)


def parse_json_path(text: str) -> tuple[str | int, ...]:
    """The keys and indexes of a path. Raises InvalidError."""
    parts: list[str | int] = []
    place = 1
    while text.startswith("$") and (found := _PART.match(text, place)):
        name, index, quoted = found.groups()
        parts.append(name or quoted or int(index))
        place = found.end()
    if not parts or place != len(text):
        raise InvalidError(f'"{text}" is no path to a value', hint='write $.tag_name, or $.assets[0]["file name"]')
    return tuple(parts)


def value_at(path: tuple[str | int, ...], document: object) -> object:
    """What stands there; None if nothing does."""
    for part in path:
        if isinstance(part, str) and isinstance(document, dict):
            document = document.get(part)
        elif isinstance(part, int) and isinstance(document, list) and part < len(document):
            document = document[part]
        else:
            return None
    return document
