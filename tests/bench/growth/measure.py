"""What a measure is. Those of one kind of growth stand in a file of `measures`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench.growth.site import Site

#: Fills a site with so many, and returns what is to be measured; see `Cost` for what its answer means.
Prepare = Callable[[Site, int], Callable[[], Any]]


@dataclass(frozen=True)
class Measure:
    """`counted` are the figures of `Cost` that must not grow; `shown` is the one that people look at.

    `share` divides the sizes that are asked for: nobody has 100,000 jobs in a pipeline. With one `repeat` the call may
    be made only once. `row` is the letter of what it was made for, in the table of `docs/performance.md`.
    """

    row: str
    name: str
    grows: str
    prepare: Prepare
    counted: tuple[str, ...] = ("statements", "read", "processor")
    shown: str = "processor"
    share: int = 1
    repeats: int = 5
    databases: tuple[str, ...] = ("sqlite", "postgresql")
