"""Hints at the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

#: Comparing takes up to half a millisecond a name, while nothing else runs.
_MOST_COMPARED = 100
_LONGEST_COMPARED = 60
_MOST_LETTERS_APART = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is most like this one, or nothing."""
    if len(name) > _LONGEST_COMPARED:
        return ""
    alike = (one for one in known if abs(len(one) - len(name)) <= _MOST_LETTERS_APART)
    near = get_close_matches(name, list(islice(alike, _MOST_COMPARED)), n=1)
    return f'did you mean "{near[0]}"?' if near else ""
