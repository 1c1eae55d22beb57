"""Which known name was probably meant."""

from collections.abc import Iterable

from pikoci.pkg.hcl.limits import MAX_CANDIDATES


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like a mistyped name, or None when none is near.

    Near means at most two edits (an adjacent swap is one) for names of up to eight letters, three beyond, never more
    than half of the name. Upper and lower case count as equal. Ties go to the first in alphabetical order. Nothing is
    near among more than `MAX_CANDIDATES`.
    """
    known = set(candidates)
    if len(known) > MAX_CANDIDATES:
        return None
    wanted = name[:64].lower()
    limit = min(3 if len(wanted) > 8 else 2, max(1, len(wanted) // 2))
    best: str | None = None
    for candidate in sorted(known):
        if abs(len(candidate) - len(wanted)) > limit:
            continue
        distance = _distance(wanted, candidate.lower())
        if distance <= limit:
            best, limit = candidate, distance - 1
    return best


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return a hint such as `did you mean "upper"?`, or the empty string."""
    near = closest(name, candidates)
    return f'did you mean "{near}"?' if near else ""


def _distance(left: str, right: str) -> int:
    """Edits (insert, delete, replace, swap neighbours) between two short words."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        last, before, row = before, row, [i] + [0] * len(right)
        for j, b in enumerate(right, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]
