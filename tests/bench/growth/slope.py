"""The exponent of growth: how steep a figure is over sizes, both as logarithms. 0 is flat, 1 in step with the size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log


def exponent(sizes: Sequence[int], figures: Sequence[float], floor: float) -> float:
    """The steepest slope between two sizes next to each other. A figure below `floor` counts as `floor`.

    So what is too small to be noticed is flat, whatever it swings. Sizes ascend; one alone has no slope.
    """
    raised = [max(figure, floor) for figure in figures]
    points = pairwise(zip(sizes, raised, strict=True))
    return max(
        (log(after / before) / log(larger / smaller) for (smaller, before), (larger, after) in points), default=0.0
    )
