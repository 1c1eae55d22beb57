"""What this server has counted since it started, for metrics."""

from __future__ import annotations

from bisect import bisect_left

#: Upper bounds of the histogram's buckets, in seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


class Histogram:
    """How often values fell into each bucket."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one value; clocks of two servers may differ, so that it may be below zero."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += max(0.0, seconds)

    def cumulated(self) -> list[tuple[str, float]]:
        """Bucket's upper bound -> how many values were not above it, as Prometheus wants it."""
        seen = 0
        buckets = []
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], self._counts, strict=True):
            seen += count
            buckets.append((bound, float(seen)))
        return buckets


class Measures:
    """Counters of one server; Prometheus adds up those of all."""

    def __init__(self) -> None:
        self.dispatch = Histogram()
        self.hub_gap = Histogram()
        self.leases_taken_back = {"build": 0, "check": 0, "announcement": 0}
        self.webhooks = {"checked": 0, "passed_over": 0, "refused": 0}
