"""The worker that asks for work, and whose claim is whose."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from pikoci.internal.domain.errors import StaleClaimError
from pikoci.internal.domain.wire import instance_key
from pikoci.internal.service.plumbing.tokens import WorkerClaims


@dataclass(frozen=True, slots=True)
class Claimant:
    """A worker's process, by name and instance, and what its token opens: everything for the embedded worker.

    `address` is where a remote one asks from.
    """

    name: str
    instance: str
    opens: WorkerClaims = WorkerClaims()  # noqa: RUF009 - it never changes
    address: str = ""

    def require_mine(self, holder: tuple[str, str] | None, claim: str) -> None:
        """Return if this worker holds the claim. Raises StaleClaimError, which names the `claim`.

        A claim belongs to the worker that took it: the instance's key tells it from everybody who can guess ids and
        claims. The key, not the whole instance: a worker delivers after its restart what it finished before.
        """
        if holder is not None:
            name, instance = holder
            if name == self.name and compare_digest(instance_key(instance), instance_key(self.instance)):
                return
        raise StaleClaimError(f"{claim} is not this worker's")
