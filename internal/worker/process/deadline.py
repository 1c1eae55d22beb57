"""Until when commands may run, whatever becomes of the worker that started them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf


class Deadline:
    """A moment on CLOCK_BOOTTIME, in seconds, at which supervisors kill what runs under it.

    They look at the clock themselves. So it also holds while the worker is stopped; one that is stopped cannot move it.
    """

    def __init__(self, at: float = inf) -> None:
        self._at = at
        self._watchers: list[Callable[[float], None]] = []

    @property
    def at(self) -> float:
        """The moment; infinite where nothing bounds the commands."""
        return self._at

    def move(self, at: float) -> None:
        """Set another moment, also for what runs already."""
        self._at = at
        for tell in tuple(self._watchers):
            tell(at)

    @contextmanager
    def watched(self, tell: Callable[[float], None]) -> Iterator[None]:
        """Call `tell` with every moment that is set while in this context."""
        self._watchers.append(tell)
        try:
            yield
        finally:
            self._watchers.remove(tell)
