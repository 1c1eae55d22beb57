"""The connected workers, as far as it matters for work that waits: who could take it, and who may."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.pipeline import WorkerState
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.tags import all_cordoned_reason, no_worker_reason, queue_of
from pikoci.internal.service.settings import ServiceSettings

_LIFETIME = 2.0


class Fleet:
    """The workers as the database had them at most two seconds ago; what this server changed itself, at once."""

    def __init__(self, store: Store, clock: Clock, settings: ServiceSettings) -> None:
        self._store = store
        self._clock = clock
        self._lease = settings.lease
        self._known: dict[str, WorkerState] = {}
        self._fresh_until: float | None = None

    def forget(self) -> None:
        """Look anew next time: a worker changed."""
        self._fresh_until = None

    def workers(self) -> list[WorkerState]:
        """All workers that registered; one without a heartbeat for a lease is `stalled`."""
        moment = self._clock.monotonic()
        if self._fresh_until is None or moment >= self._fresh_until:
            self._known = {state.name: state for state in self._store.workers.list()}
            self._fresh_until = moment + _LIFETIME
        return [self.aged(state) for state in self._known.values()]

    def aged(self, state: WorkerState) -> WorkerState:
        """The worker, `stalled` if it is."""
        silent = self._clock.now() - state.last_seen_at
        return msgspec.structs.replace(state, state="stalled") if silent > self._lease else state

    def waiting_reason(self, kind: str, tags: Sequence[str], team: str) -> str:
        """Why published work of this kind (`jobs` or `checks`) gets no worker now; empty where one could take it."""
        connected = [state for state in self.workers() if state.state not in {"stalled", "draining"}]
        able = [state for state in connected if not state.draining and _listens(state, kind, tags, team)]
        if not able:
            return no_worker_reason(kind, tags, alone=not connected)
        return all_cordoned_reason(kind, tags) if all(state.cordoned for state in able) else ""

    def require_able(self, worker: str, instance: str, kind: str, tags: Sequence[str]) -> None:
        """Return if the worker's tags fit the work's. Raises ConflictError: the work is for another worker.

        A worker that has not registered has no tags. What an instance can do never changes, so it is looked up once.
        """
        state = self._find(worker, instance)
        missing = sorted(set(tags) - set(state.tags if state else []))
        if missing:
            raise ConflictError(f"worker {worker} lacks the tags {', '.join(missing)}")
        if state is not None and not tags and state.tags and queue_of(kind, []) not in state.queues:
            raise ConflictError(f"worker {worker} takes work for its tags only")

    def _find(self, worker: str, instance: str) -> WorkerState | None:
        state = self._known.get(worker)
        if state is None or state.instance != instance:
            self.forget()
            self.workers()
            state = self._known.get(worker)
        return state if state is not None and state.instance == instance else None


def _listens(state: WorkerState, kind: str, tags: Sequence[str], team: str) -> bool:
    return queue_of(kind, tags) in state.queues and set(tags) <= set(state.tags) and state.team in {"", team}
