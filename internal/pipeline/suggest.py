"""Hints for names that nothing has."""

from __future__ import annotations

from collections.abc import Iterable

from pikoci.pkg.hcl.suggestions import did_you_mean

_MAX_LISTED = 12


def hint_for(name: str, known: Iterable[str]) -> str:
    """The known name that `name` was probably meant to be, else a short list of all, else nothing."""
    names = sorted(known)
    if meant := did_you_mean(name, names):
        return meant
    if not names:
        return ""
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return f"known are {', '.join(names[:_MAX_LISTED])}{more}"
