"""What the steps and checks wrote while they ran."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: From when to when, on the clock that counts from the machine's start.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """`what` is start, end, overlap (two attempts of a build) or together (two builds of a serial job)."""

    at: float
    what: str
    build: int
    claim: int
    step: str

    def __str__(self) -> str:
        return f"{self.what} of {self.step} in attempt {self.claim} of build {self.build} at {self.at}"


def read_marks(folder: Path) -> list[Mark]:
    """All marks, in the order in which they were written."""
    marks = []
    for at, what, attempt, step, _ in _lines(folder / "marks"):
        build, _, claim = attempt.partition("-")
        marks.append(Mark(float(at), what, int(build), int(claim), step))
    return marks


def read_checks(folder: Path) -> dict[str, list[float]]:
    """When each resource was checked, on the clock that counts from the machine's start."""
    checks: dict[str, list[float]] = defaultdict(list)
    for at, name in _lines(folder / "checks"):
        checks[name].append(float(at))
    return checks


def overlaps(marks: list[Mark]) -> Iterator[str]:
    """Two attempts of a build at the same time: a lock that was held, or a mark of an attempt after its successor's."""
    newest: dict[int, Mark] = {}
    for mark in marks:
        if mark.what in {"overlap", "together"}:
            yield str(mark)
        latest = newest.setdefault(mark.build, mark)
        if mark.claim < latest.claim:
            yield f"{mark}, after {latest}"
        else:
            newest[mark.build] = mark


def _lines(path: Path) -> Iterator[list[str]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield line.split()


def outside(span: Span, others: Sequence[Span]) -> float:
    """Seconds of a span in which none of the others was."""
    left, reached = 0.0, span[0]
    for begin, end in sorted(others):
        left += max(0.0, min(begin, span[1]) - reached)
        reached = max(reached, min(end, span[1]))
    return left + max(0.0, span[1] - reached)
