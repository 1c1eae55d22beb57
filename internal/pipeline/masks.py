"""Which texts must never be seen: the values of sensitive variables and params, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pikoci.pkg.hcl import values

#: Shown in place of a value that is secret.
HIDDEN = "(sensitive)"
#: Shorter texts are not masked: hiding every "a" of a log helps nobody.
MIN_LENGTH = 3
#: Nor are shorter lines of a text with several, such as "---".
MIN_LINE = 4


class Masks:
    """Collects texts to mask, each once, in the order found."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._longest_first: list[str] = []

    def add(self, value: Any) -> None:
        """Mask every string and number in `value`: the whole of it and, where it has several, each of its lines."""
        for text in _texts(value):
            wholes = [part for part in (text, text.strip()) if len(part) >= MIN_LENGTH]
            lines = [line for line in map(str.strip, text.splitlines()) if len(line) >= MIN_LINE]
            self._texts.update(dict.fromkeys([*wholes, *lines]))

    def hide(self, text: str) -> str:
        """`text` without what must not be seen."""
        if len(self._longest_first) < len(self._texts):
            self._longest_first = sorted(self._texts, key=len, reverse=True)
        for secret in self._longest_first:
            text = text.replace(secret, HIDDEN)
        return text

    def all(self) -> list[str]:
        """The texts."""
        return list(self._texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for element in value.values():
            yield from _texts(element)
    elif isinstance(value, (list, values.ValueSet)):
        for element in value:
            yield from _texts(element)
    elif value is not None and not isinstance(value, (bool, values.Deferred)):
        yield value if isinstance(value, str) else values.to_string(value)
