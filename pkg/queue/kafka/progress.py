"""How far a partition's messages are done with, when they are done out of order.

Kafka stores one offset for each partition of a group: everything before it is done. What is done beyond it, and how
many messages are held, goes into the text that Kafka stores beside the offset, so that the next consumer does not
deliver them again and anyone can read the depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TEXT = re.compile(r"held=(\d{1,9})(?: done=((?:\d{1,18}(?:-\d{1,18})?,?)+))?")
_MAX_TEXT = 3900  # a broker takes 4096 bytes unless it is told otherwise
_MAX_SPAN = 1_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored beside an offset: how many messages are held, and the offsets beyond it that are done."""

    held: int = 0
    done: frozenset[int] = frozenset()


def read_stored(offset: int, text: str | None) -> Stored:
    """Read the text beside an offset; what nobody of ours wrote counts as nothing."""
    match = _TEXT.fullmatch(text or "")
    if not match:
        return Stored()
    done: set[int] = set()
    for part in filter(None, (match[2] or "").split(",")):
        first, _, last = part.partition("-")
        if int(last or first) < _MAX_SPAN:
            done.update(range(offset + int(first), offset + int(last or first) + 1))
    return Stored(int(match[1]), frozenset(done))


class Progress:
    """The messages of one partition that were seen by the consumer that owns it now."""

    def __init__(self, start: int, done: frozenset[int] = frozenset()) -> None:
        self.held = 0
        self._next = start
        self._open: dict[int, None] = {}  # in the order of the offsets
        self._done = set(done)

    def see(self, offset: int) -> bool:
        """Note a message that came from the broker; False if it is done with already."""
        self._next = offset + 1
        if offset in self._done:
            return False
        self._open[offset] = None
        return True

    def finish(self, offset: int) -> None:
        """A message is done with."""
        self._open.pop(offset, None)
        self._done.add(offset)

    @property
    def offset(self) -> int:
        """All before it is done with."""
        return next(iter(self._open), self._next)

    def text(self) -> str:
        """What to store beside the offset. Of very many gaps the last are left out: those messages come twice."""
        offset = self.offset
        self._done = {each for each in self._done if each > offset}
        text = f"held={self.held}"
        separator = " done="
        for first, last in _ranges(sorted(self._done)):
            part = f"{first - offset}" if first == last else f"{first - offset}-{last - offset}"
            if len(text) + len(separator) + len(part) > _MAX_TEXT:
                break
            text += separator + part
            separator = ","
        return text


def read_progress(found: Any) -> Progress:
    """Where to go on in a partition: `found` is the library's word for what is stored, None if nothing is."""
    start = max(0, found.offset) if found else 0
    return Progress(start, read_stored(start, found.metadata).done if found else frozenset())


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = last = number
        elif number == last + 1:
            last = number
        else:
            yield first, last
            first = last = number
    if first is not None and last is not None:
        yield first, last
