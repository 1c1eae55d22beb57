"""Counting failed logins, in the memory of this process."""

from __future__ import annotations

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import RateLimitedError

_MOST_KEYS = 10_000


class Attempts:
    """At most `limit` failures for a name from an address within `window` seconds of the first."""

    def __init__(self, clock: Clock, limit: int, window: float) -> None:
        self._clock = clock
        self._limit = limit
        self._window = window
        self._failures: dict[tuple[str, str], tuple[float, int]] = {}

    def begin(self, name: str, address: str) -> None:
        """Count an attempt as failed until `forget`: those made side by side count too.

        Raises RateLimitedError, saying when to come back, after too many.
        """
        now = self._clock.monotonic()
        since, count = self._failures.pop((name, address), (now, 0))
        left = since + self._window - now
        if left <= 0:
            since, count, left = now, 0, self._window
        if count >= self._limit:
            self._failures[name, address] = (since, count)
            raise RateLimitedError("too many failed logins", retry_after=left, hint=f"try again in {left:.0f} seconds")
        self._failures[name, address] = (since, count + 1)
        while len(self._failures) > _MOST_KEYS:
            del self._failures[next(iter(self._failures))]

    def forget(self, name: str, address: str) -> None:
        """Forgive earlier failures after a success."""
        self._failures.pop((name, address), None)
