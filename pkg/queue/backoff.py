"""Waiting longer after each failure, and never in step with others."""

from __future__ import annotations

from random import Random

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 5.0


class Backoff:
    """Pauses in seconds that double up to a limit, each shortened by up to half by chance.

    The jitter keeps a fleet from coming back to a restarted broker all at once.
    """

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()
        self._next = _FIRST_SECONDS

    def pause(self) -> float:
        """How long to wait now."""
        pause, self._next = self._next, min(self._next * 2, _LONGEST_SECONDS)
        return pause * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Start again from the shortest pause, after a success."""
        self._next = _FIRST_SECONDS
