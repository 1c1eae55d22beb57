"""What workers ask of the server, and what people ask of workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import (
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    Heartbeat,
    HeartbeatReply,
    WorkerCommand,
    WorkerHello,
    WorkerTerms,
)
from pikoci.internal.service.context import Context
from pikoci.internal.service.model import WorkerView


class WorkerService:
    """The `Gateway` itself, for the embedded worker and for the HTTP routes; and the fleet, for people."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def register(self, hello: WorkerHello) -> WorkerTerms:
        """See `Gateway.register`."""
        raise NotImplementedError

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """See `Gateway.heartbeat`. Raises NotFoundError when this instance is not registered: register again."""
        raise NotImplementedError

    def commands(self, name: str, instance: str) -> Iterator[WorkerCommand | None]:
        """See `Gateway.commands`; ends when another instance of the name registers."""
        raise NotImplementedError

    def claim_build(self, build_id: int, worker: str, instance: str) -> BuildAssignment:
        """See `Gateway.claim_build`.

        The instance that holds the claim and has not reported yet gets the same answer again, because the first one may
        have been lost on its way: a worker must not run a claim that it runs already.
        """
        raise NotImplementedError

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        """See `Gateway.report`."""
        raise NotImplementedError

    def claim_check(self, resource_id: int, worker: str, instance: str) -> CheckAssignment:
        """See `Gateway.claim_check`."""
        raise NotImplementedError

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        """See `Gateway.finish_check`."""
        raise NotImplementedError

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        """See `Gateway.store_artifact`."""
        raise NotImplementedError

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        """See `Gateway.load_artifact`."""
        raise NotImplementedError

    def list(self, principal: Principal) -> list[WorkerView]:
        """All workers with what they run (any user); one without a heartbeat for a lease is `stalled`."""
        raise NotImplementedError

    def drain(self, principal: Principal, name: str) -> None:
        """Ask a worker to finish what it runs and end (global administrators only). Raises NotFoundError."""
        raise NotImplementedError

    def cordon(self, principal: Principal, name: str) -> None:
        """Ask a worker to take nothing new (global administrators only). Raises NotFoundError."""
        raise NotImplementedError

    def uncordon(self, principal: Principal, name: str) -> None:
        """Undo `cordon`."""
        raise NotImplementedError

    def delete(self, principal: Principal, name: str) -> None:
        """Forget a worker that is gone (global administrators only). Raises ConflictError while it is alive."""
        raise NotImplementedError
