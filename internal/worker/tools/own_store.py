"""The server's own store of secrets, as one claim sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from pikoci.internal.domain.builtin import OWN_KEY
from pikoci.internal.domain.errors import NotFoundError, PikociError, UnavailableError
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, errored, stopped
from pikoci.internal.worker.tools.secret_error import SecretError


class OwnStore:
    """Reads entries from the server, which gives those that the claim's plan names.

    `ask` is the gateway's method for work of the claim's kind, which has this `work` as its id.
    """

    def __init__(self, ask: Callable[[int, int, str], str], work: int, claim: int, settings: WorkerSettings) -> None:
        self._ask = ask
        self._id = work
        self._claim = claim
        self._settings = settings

    def read(self, name: str, lifetime: Lifetime) -> Mapping[str, object]:
        """The entry's value. A server that is away is asked again until `lifetime` stops, as the lease bounds it.

        Raises SecretError where there is no such entry, and StepError.
        """
        backoff = Backoff(self._settings.backoff_first, self._settings.backoff_longest, Random(self._id))
        while lifetime.cause is None:
            try:
                return {OWN_KEY: self._ask(self._id, self._claim, name)}
            except UnavailableError:
                lifetime.stopped.wait(backoff.pause())
            except NotFoundError as error:
                raise SecretError(error.message) from error
            except PikociError as error:
                raise StepError(errored(f"the server does not give the secret {name}: {error.message}")) from error
        raise StepError(stopped(lifetime.cause))
