"""When to try again, and after how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic, sleep

from pikoci.pkg.client.errors import ApiError, ClientError, ServerUnreachableError

_AWAY = frozenset({502, 503, 504})  # also said by proxies, which name no time
_LONGEST_WISH = 30.0


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential pauses with full jitter (as Amazon's architecture blog describes it), in seconds.

    `attempts` counts the first try. `patience` bounds how long a follower waits for a server that is away.
    """

    attempts: int = 4
    first_pause: float = 0.2
    longest_pause: float = 5.0
    patience: float = 300.0
    sleep: Callable[[float], None] = sleep
    monotonic: Callable[[], float] = monotonic
    random: Random = field(default_factory=Random)

    def pause(self, failures: int, error: ClientError | None = None) -> None:
        """Wait before the next try, after so many failures in a row, at least as long as the server asked for."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** min(failures - 1, 20))
        wish = error.retry_after if isinstance(error, ApiError) and error.retry_after else 0.0
        self.sleep(max(self.random.uniform(0.0, longest), min(wish, _LONGEST_WISH)))


def may_retry(error: ClientError) -> bool:
    """Whether the same request, sent again, may succeed where it did not.

    A PikoCI server sends Retry-After with every error that waiting can cure, and with no other.
    """
    if isinstance(error, ApiError):
        return error.status in _AWAY or (error.retry_after is not None and error.retry_after <= _LONGEST_WISH)
    return isinstance(error, ServerUnreachableError)
