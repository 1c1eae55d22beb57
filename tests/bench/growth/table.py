"""The table of `docs/performance.md` that says how steep each measure may be: the one place where that stands."""

from __future__ import annotations

from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "performance.md"
_HEAD = "| row | measure |"
_ALLOWED = "allowed"


class TableError(Exception):
    """The document has no such table, or a line of it cannot be read."""


def allowed(text: str) -> dict[str, float]:
    """Measure -> the greatest exponent that is allowed, from the document's text.

    Raises TableError with the line that is wrong.
    """
    lines = text.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith(_HEAD)]
    if len(starts) != 1:
        raise TableError(f"there are {len(starts)} tables that begin with {_HEAD!r}, not one")
    names = _cells(lines[starts[0]])
    if _ALLOWED not in names:
        raise TableError(f"the table has no column {_ALLOWED!r}")
    found: dict[str, float] = {}
    for line in lines[starts[0] + 2 :]:
        if not line.startswith("|"):
            break
        cells = dict(zip(names, _cells(line), strict=False))
        try:
            found[cells["measure"].strip("`")] = float(cells[_ALLOWED])
        except (KeyError, ValueError):
            raise TableError(f"{line!r}: a measure and a number are needed") from None
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
