"""When API tokens and sessions were last used, and from where: noted by every request, written once in a while."""

from __future__ import annotations

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.slices import Slices

#: Written in one transaction.
_BATCH = 100
_MOST = 100_000

#: When, in seconds since the epoch, and the address.
Use = tuple[float, str]
#: An API token by its number, a session by its id.
Credential = int | str


class LastUse:
    """What this server has seen and not yet written. Reads stay reads: a server that dies loses what it noted last."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._slices = Slices(store)
        self._clock = clock
        self._noted: dict[Credential, Use] = {}

    def note(self, credential: Credential, address: str) -> None:
        """It is used now, from there."""
        if len(self._noted) < _MOST or credential in self._noted:
            self._noted[credential] = (self._clock.now(), address)

    def of(self, credential: Credential) -> Use | None:
        """Its last use, as far as that is not written yet."""
        return self._noted.get(credential)

    def write(self) -> int:
        """Write what was noted; returns how many uses. What cannot be written now is kept for the next time."""
        noted, self._noted = self._noted, {}
        waiting = list(noted.items())
        try:
            while waiting:
                with self._slices.next():
                    for credential, use in waiting[:_BATCH]:
                        self._write(credential, *use)
                del waiting[:_BATCH]
        finally:
            self._noted = {**dict(waiting), **self._noted}
        return len(noted)

    def _write(self, credential: Credential, at: float, address: str) -> None:
        if isinstance(credential, int):
            self._store.api_tokens.used(credential, at, address)
        else:
            self._store.sessions.used(credential, at, address)
