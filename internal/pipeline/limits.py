"""How large a pipeline may be: a small file can stand for a lot of work once it is expanded."""

from __future__ import annotations

from typing import Any

from pikoci.internal.pipeline.report import Report
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.values import ValueSet

#: Bytes of a file.
MAX_FILE = 4 * 1024 * 1024
#: Jobs, after expansion.
MAX_JOBS = 10_000
#: Characters that evaluating and expanding the whole file may make.
MAX_EXPANDED = 64 * 1024 * 1024


class PipelineTooLargeError(Exception):
    """The rest of the file is not looked at; why has been reported."""


class Budget:
    """What is left of the limits for one file."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._jobs = 0
        self._size = 0

    def jobs(self, count: int, size: int, where: Range) -> None:
        """Count `count` instances of a job whose source has `size` characters. Raises PipelineTooLargeError."""
        self._jobs += count
        if self._jobs > MAX_JOBS:
            self._report.error(
                where, "Too many jobs", f"With this one there would be {self._jobs:,}; {MAX_JOBS:,} are the most."
            )
            raise PipelineTooLargeError
        if count > 1:
            self._spend(count * size, where)

    def text(self, size: int, where: Range) -> None:
        """Count `size` characters that expanding makes. Raises PipelineTooLargeError."""
        self._spend(size, where)

    def value(self, value: Any, where: Range) -> None:
        """Count an evaluated value. Raises PipelineTooLargeError."""
        self._spend(_measure(value), where)

    def _spend(self, size: int, where: Range) -> None:
        self._size += size
        if self._size > MAX_EXPANDED:
            self._report.error(
                where,
                "The pipeline is too large",
                f"Evaluated and expanded it has more than {MAX_EXPANDED:,} characters.",
            )
            raise PipelineTooLargeError


def _measure(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _measure(element) for key, element in value.items())
    if isinstance(value, (list, ValueSet)):
        return sum(map(_measure, value))
    return 1
