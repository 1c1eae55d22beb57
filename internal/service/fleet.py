"""The connected workers, as far as it matters for work that waits: who could take it, and who may."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.pipeline import WorkerState
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.tags import queue_of
from pikoci.internal.domain.waiting import availability, no_worker, none_takes_work
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

    def able(self, kind: str, tags: Sequence[str], team: str) -> list[WorkerState]:
        """The workers that would take such work (`jobs` or `checks`) now if they had a slot, by name."""
        return [state for state in self._fitting(kind, tags, team) if availability(state) == "running"]

    def waiting_reason(self, kind: str, tags: Sequence[str], team: str) -> str:
        """Why published work of this kind (`jobs` or `checks`) gets no worker now; empty where one could take it."""
        fitting = self._fitting(kind, tags, team)
        if not fitting:
            return no_worker(kind, tags, alone=all(state.state == "stalled" for state in self.workers()))
        return "" if self.able(kind, tags, team) else none_takes_work(fitting)

    def fits(self, state: WorkerState, kind: str, tags: Sequence[str], team: str) -> bool:
        """Whether the worker could take such work, if it takes any now."""
        return queue_of(kind, tags) in state.queues and set(tags) <= set(state.tags) and state.team in {"", team}

    def _fitting(self, kind: str, tags: Sequence[str], team: str) -> list[WorkerState]:
        return [state for state in self.workers() if self.fits(state, kind, tags, team)]

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
