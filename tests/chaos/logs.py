"""What builds and daemons logged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.chaos import jobs

_LINE = re.compile(r"^(\d+)-(\d+) (\w+) line (\d+)$", re.MULTILINE)


def missing_or_doubled(job: str, build_id: int, claim: int, log: str) -> Iterator[str]:
    """What is wrong with the numbered lines: all are there for the attempt that counts, and none twice for any."""
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for build, attempt, step, number in _LINE.findall(log):
        if int(build) != build_id or int(attempt) > claim:
            yield f"a line of attempt {attempt} of build {build}"
        found[int(attempt), step].append(int(number))
    for step, lines in jobs.expected_lines(job, build_id).items():
        numbers = found.pop((claim, step), [])
        if numbers != list(range(1, lines + 1)):
            yield f"{step} has {len(numbers)} lines of {lines}, {_first_wrong(numbers)}"
    for (attempt, step), numbers in found.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{step} of the lost attempt {attempt}: {_first_wrong(numbers)}"


def _first_wrong(numbers: list[int]) -> str:
    for expected, number in enumerate(numbers, 1):
        if number != expected:
            return f"line {number} where {expected} should be"
    return "the end is missing"


def shown_parts(secret: str, text: str) -> Iterator[str]:
    """The lines of a secret that stand in a text."""
    yield from (line for line in secret.splitlines() if line in text)


def tracebacks(path: Path) -> Iterator[str]:
    """Each line of a daemon's log that holds a traceback, shortened."""
    for line in path.read_text(errors="replace").splitlines():
        if "Traceback" in line or '"exception"' in line:
            yield f"{path.name}: {line[:300]}"
