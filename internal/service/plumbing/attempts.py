"""Counting failed logins, in the memory of this process."""

from __future__ import annotations

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import RateLimitedError

_MOST_KEYS = 10_000


class LoginLimits:
    """Failures of a name from an address, and of an address over all names.

    The second limit leaves out a name that has logged in from the address before: behind a proxy, or in an office, one
    address is many people's, and a stranger's failures must not lock out who works there.
    """

    def __init__(self, clock: Clock, by_name: int, by_address: int, window: float) -> None:
        self._names = Attempts(clock, by_name, window)
        self._addresses = Attempts(clock, by_address, window)
        self._known: dict[tuple[str, str], None] = {}

    def begin(self, name: str, address: str) -> None:
        """Count an attempt as failed until `forget`. Raises RateLimitedError, saying when to come back."""
        if (name, address) not in self._known:
            self._addresses.begin("", address)
        self._names.begin(name, address)

    def forget(self, name: str, address: str) -> None:
        """Forgive the name's earlier failures after a success; those of other names count on."""
        self._names.forget(name, address)
        if self._known.pop((name, address), self) is self:
            self._addresses.take_back("", address)
        self._known[name, address] = None
        while len(self._known) > _MOST_KEYS:
            del self._known[next(iter(self._known))]


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

    def take_back(self, name: str, address: str) -> None:
        """Let the last attempt not count."""
        since, count = self._failures.get((name, address), (0.0, 0))
        if count:
            self._failures[name, address] = (since, count - 1)

    def forget(self, name: str, address: str) -> None:
        """Forgive earlier failures after a success."""
        self._failures.pop((name, address), None)
