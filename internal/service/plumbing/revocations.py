"""Which tokens are revoked, as every request asks."""

from __future__ import annotations

from collections.abc import Callable

from pikoci.internal.domain.clock import Clock

_LIFETIME = 2.0


class Revocations:
    """The revoked ids as the database had them at most two seconds ago; what this server revoked itself, at once.

    `load` gives the ids that are revoked now.
    """

    def __init__(self, load: Callable[[], frozenset[str]], clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._ids: frozenset[str] = frozenset()
        self._fresh_until: float | None = None

    def contains(self, token_id: str) -> bool:
        """Whether the token of this id was revoked. Raises UnavailableError where that cannot be known now."""
        now = self._clock.monotonic()
        if self._fresh_until is None or now >= self._fresh_until:
            self._ids = self._load()
            self._fresh_until = now + _LIFETIME
        return token_id in self._ids

    def forget(self) -> None:
        """Look anew next time."""
        self._fresh_until = None
