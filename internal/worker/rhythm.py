"""When heartbeats are sent: once an interval at least, and not in step with other workers'."""

from __future__ import annotations

from random import Random

_RETRIES_PER_INTERVAL = 3


class Rhythm:
    """Pauses between heartbeats, in seconds, none longer than the interval.

    A server that starts again hears all its workers at once. So the first heartbeat that it answers is followed by any
    part of the interval, which spreads the next round over all of it. Later pauses vary a little, to keep it so.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._in_step = True

    def answered(self, interval: float) -> float:
        """How long to wait after a heartbeat that was answered."""
        least, self._in_step = 0.0 if self._in_step else 0.9, False
        return interval * self._random.uniform(least, 1.0)

    def failed(self, interval: float, wish: float) -> float:
        """How long to wait after one that was not, by a server that asks to be left alone for `wish` seconds.

        Leases matter more than that: it hears no less of this worker than it set itself.
        """
        self._in_step = True
        soon = interval / _RETRIES_PER_INTERVAL * self._random.uniform(0.5, 1.0)
        return min(interval, max(soon, wish * self._random.uniform(1.0, 1.5)))
