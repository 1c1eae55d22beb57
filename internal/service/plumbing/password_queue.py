"""A bounded line before the few threads that hash passwords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pikoci.internal.domain.errors import RateLimitedError
from pikoci.internal.service.plumbing.ports import RunInThread

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds after which a client that found the line full may come again.
_COME_AGAIN = 2.0


class PasswordQueue:
    """At most `longest` hashes are computed or wait at once, `share` of them for one client: nobody fills the line."""

    def __init__(self, run_in_thread: RunInThread, longest: int, share: int) -> None:
        self._run_in_thread = run_in_thread
        self._longest = longest
        self._share = share
        self._waiting: Counter[str] = Counter()

    def require_room(self, client: str) -> None:
        """Return where `run` would take the client's hash. Raises RateLimitedError, saying when to come back."""
        if self._waiting.total() >= self._longest or self._waiting[client] >= self._share:
            raise RateLimitedError(
                "too many passwords are being checked just now",
                retry_after=_COME_AGAIN,
                hint=f"try again in {_COME_AGAIN:.0f} seconds",
            )

    def run(self, client: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises, once its turn has come. Raises RateLimitedError as `require_room`."""
        self.require_room(client)
        self._waiting[client] += 1
        try:
            return self._run_in_thread(function, *args, **kwargs)
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]
