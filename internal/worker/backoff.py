"""Waiting longer after each failure, and never in step with others."""

from __future__ import annotations

from random import Random


class Backoff:
    """Pauses in seconds that double from `first` to `longest`, each shortened by up to half by chance.

    The jitter keeps a fleet from coming back to a restarted server all at once.
    """

    def __init__(self, first: float, longest: float, random: Random) -> None:
        self._first = first
        self._longest = longest
        self._random = random
        self._next = first
        self._wish = 0.0

    def heed(self, error: Exception) -> None:
        """Make the next pause as long as the error asks for, at least."""
        self._wish = max(self._wish, getattr(error, "retry_after", 0.0))

    def pause(self, error: Exception | None = None) -> float:
        """How long to wait now, as long as the `error` asks for at least; the next answer is about twice that."""
        if error is not None:
            self.heed(error)
        pause, wish = self._next, self._wish
        self._next, self._wish = min(self._longest, self._next * 2), 0.0
        return max(pause * self._random.uniform(0.5, 1.0), wish * self._random.uniform(1.0, 1.5))

    def reset(self) -> None:
        """Start again from `first`, after a success."""
        self._next, self._wish = self._first, 0.0
