"""The gateway as one remote worker may use it: its own claims, and its team's work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hmac import compare_digest

from pikoci.internal.domain.errors import InvalidError, StaleClaimError
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
from pikoci.internal.domain.wire import instance_key
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.tokens import WorkerClaims
from pikoci.internal.service.use_cases.workers import WorkerService


class RemoteWorker:
    """One worker behind a network: what its token opens, under the name and instance that came with the request.

    A claim belongs to the worker that took it: the instance's key tells it from everybody who can guess a build's id
    and claim. The key, not the whole instance: a worker delivers after its restart what it finished before.
    """

    def __init__(self, context: Context, workers: WorkerService, opens: WorkerClaims, name: str, instance: str) -> None:
        self._store = context.store
        self._workers = workers
        self._opens = opens
        self._name = name
        self._instance = instance

    def register(self, hello: WorkerHello) -> WorkerTerms:
        """See `Gateway.register`. Raises InvalidError for somebody else's name."""
        self._require_self(hello.name, hello.instance)
        return self._workers.register(hello, self._opens)

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """See `Gateway.heartbeat`. Raises InvalidError for somebody else's name."""
        self._require_self(beat.name, beat.instance)
        return self._workers.heartbeat(beat)

    def commands(self) -> Iterator[WorkerCommand | None]:
        """See `Gateway.commands`."""
        return self._workers.commands(self._name, self._instance)

    def claim_build(self, build_id: int) -> BuildAssignment:
        """See `Gateway.claim_build`."""
        return self._workers.claim_build(build_id, self._name, self._instance, self._opens)

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        """See `Gateway.report`."""
        self._require_build(build_id, claim)
        self._workers.report(build_id, claim, first, events)

    def claim_check(self, resource_id: int) -> CheckAssignment:
        """See `Gateway.claim_check`."""
        return self._workers.claim_check(resource_id, self._name, self._instance, self._opens)

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        """See `Gateway.finish_check`."""
        holder = self._store.resources.check_holder(resource_id)
        if holder is not None and not self._is_mine(holder):
            raise StaleClaimError(f"claim {claim} of the check of resource {resource_id} is not this worker's")
        self._workers.finish_check(resource_id, claim, result)

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        """See `Gateway.store_artifact`."""
        self._require_build(build_id, claim)
        return self._workers.store_artifact(build_id, claim, chunks)

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        """See `Gateway.load_artifact`."""
        self._require_build(build_id, claim)
        return self._workers.load_artifact(build_id, claim, digest)

    def _require_self(self, name: str, instance: str) -> None:
        if (name, instance) != (self._name, self._instance):
            raise InvalidError("the body names another worker than the headers of the request")

    def _require_build(self, build_id: int, claim: int) -> None:
        holder = self._store.builds.holder(build_id)
        if holder is None or not self._is_mine(holder):
            raise StaleClaimError(f"claim {claim} of build {build_id} is not this worker's")

    def _is_mine(self, holder: tuple[str, str]) -> bool:
        name, instance = holder
        return name == self._name and compare_digest(instance_key(instance), instance_key(self._instance))
