"""Which known name was probably meant by one that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

#: Comparing takes up to half a millisecond a name, while nothing else runs.
_MAX_LENGTH = 60
_MAX_COMPARED = 100
_MAX_LETTERS_APART = 3


def did_you_mean(name: str, known: Iterable[str], *, mark: str = '"') -> str:
    """A hint with the one that is most like `name`, between two marks; empty where none is near."""
    if len(name) > _MAX_LENGTH:
        return ""
    alike = (one for one in known if abs(len(one) - len(name)) <= _MAX_LETTERS_APART)
    near = get_close_matches(name, list(islice(alike, _MAX_COMPARED)), n=1)
    return f"did you mean {mark}{near[0]}{mark}?" if near else ""
