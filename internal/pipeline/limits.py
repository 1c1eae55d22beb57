"""How large a pipeline may be: a small file can stand for a lot of work once it is expanded.

The bounds on the text itself, and on one expression, are those of `pkg.hcl.limits`. All together keep the reading of a
file below 300 MiB and five seconds of a processor.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pikoci.internal.pipeline.report import ReadingStoppedError, Report
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.syntax import Placed
from pikoci.pkg.hcl.values import Deferred, ValueSet

#: Jobs, after expansion.
MAX_JOBS = 10_000
#: Blocks and arguments of all jobs, after expansion.
MAX_PARTS = 200_000
#: Characters that evaluating and expanding the whole file may make.
MAX_EXPANDED = 32 * 1024 * 1024
#: Characters that an element of a list, set or object stands for: it takes memory even when it holds none.
ELEMENT = 32
#: Seconds of a processor that evaluating and expanding may take.
MAX_SECONDS = 4.0

#: Where something stands. What is counted for every expression hands over its node, and no range is made of it.
Place = Placed | Range


class PipelineTooLargeError(ReadingStoppedError):
    """The file stands for more than the limits allow."""


class Budget:
    """What is left of the limits for one file. `processor_time` is in seconds, from any start."""

    def __init__(self, report: Report, processor_time: Callable[[], float] = time.thread_time) -> None:
        self._report = report
        self._processor_time = processor_time
        self._end = processor_time() + MAX_SECONDS
        self._jobs = 0
        self._parts = 0
        self._size = 0

    def tick(self, where: Place) -> None:
        """Look at the time; called all along. Raises PipelineTooLargeError."""
        if self._processor_time() > self._end:
            self._report.error(
                _range(where),
                "Reading the pipeline takes too long",
                f"Up to here it took {MAX_SECONDS:g} seconds of a processor, which is the limit.",
                "split the file, or let a task's script do the computing",
            )
            raise PipelineTooLargeError

    def part(self, arguments: int, where: Place) -> None:
        """Count a block of a job with its arguments. Raises PipelineTooLargeError."""
        self.tick(where)
        self._parts += 1 + arguments
        if self._parts > MAX_PARTS:
            self._report.error(
                _range(where),
                "The pipeline is too large",
                f"Expanded it has more than {MAX_PARTS:,} blocks and arguments.",
                "split it into several pipelines, or make fewer instances",
            )
            raise PipelineTooLargeError

    def jobs(self, count: int, size: int, where: Place) -> None:
        """Count `count` instances of a job whose source has `size` characters. Raises PipelineTooLargeError."""
        self._jobs += count
        if self._jobs > MAX_JOBS:
            self._report.error(
                _range(where),
                "Too many jobs",
                f"With this one there would be {self._jobs:,}, and at most {MAX_JOBS:,} are possible.",
                "split the file into several pipelines, or make fewer instances",
            )
            raise PipelineTooLargeError
        if count > 1:
            self._spend(count * size, where)

    def text(self, size: int, where: Place) -> None:
        """Count a text of `size` characters that expanding makes. Raises PipelineTooLargeError."""
        self._spend(size + ELEMENT, where)

    def value(self, value: Any, where: Place) -> None:
        """Count an evaluated value. Raises PipelineTooLargeError."""
        self._spend(_measure(value), where)

    def _spend(self, size: int, where: Place) -> None:
        self._size += size
        if self._size > MAX_EXPANDED:
            self._report.error(
                _range(where),
                "The pipeline is too large",
                f"Evaluated and expanded it has more than {MAX_EXPANDED:,} characters.",
                "split it into several pipelines, or keep long texts in files of the repository",
            )
            raise PipelineTooLargeError


def _range(where: Place) -> Range:
    return where.range if isinstance(where, Placed) else where


def _measure(value: Any) -> int:
    if isinstance(value, str):
        return ELEMENT + len(value)
    if isinstance(value, Deferred):
        return ELEMENT + value.size
    if isinstance(value, dict):
        return ELEMENT + sum(len(key) + _measure(element) for key, element in value.items())
    if isinstance(value, (list, ValueSet)):
        return ELEMENT + sum(map(_measure, value))
    return ELEMENT
