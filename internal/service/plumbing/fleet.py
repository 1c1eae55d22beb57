"""The connected workers, as far as it matters for work that waits: who could take it, and who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.levels import UNSAID, Need
from pikoci.internal.domain.pipeline import WorkerState
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.tags import queue_of
from pikoci.internal.domain.waiting import all_too_old, availability, no_worker, none_takes_work
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.settings import ServiceSettings

#: What a worker says last.
ENDED = "ended"
_GONE = frozenset({"stalled", ENDED})
_LIFETIME = 2.0
#: Answers kept at most: each holds all workers, if they fit.
_ANSWERS = 64


class Fleet:
    """The workers as the database had them at most two seconds ago; what this server changed itself, at once."""

    def __init__(self, store: Store, clock: Clock, settings: ServiceSettings) -> None:
        self._store = store
        self._clock = clock
        self._lease = settings.lease
        self._known: dict[str, WorkerState] = {}
        self._aged: list[WorkerState] = []
        self._fitted: dict[tuple[str, tuple[str, ...], str], list[WorkerState]] = {}
        self._binds_teams = False
        self._fresh_until: float | None = None

    def forget(self) -> None:
        """Look anew next time: a worker changed."""
        self._fresh_until = None

    def workers(self) -> list[WorkerState]:
        """All workers that registered; one without a heartbeat for a lease is `stalled`."""
        moment = self._clock.monotonic()
        if self._fresh_until is None or moment >= self._fresh_until:
            self._known = {state.name: state for state in self._store.workers.list()}
            self._aged, self._fitted = [self.aged(state) for state in self._known.values()], {}
            self._binds_teams = any(state.team for state in self._known.values())
            self._fresh_until = moment + _LIFETIME
        return self._aged

    def aged(self, state: WorkerState) -> WorkerState:
        """The worker, `stalled` if it is: silent for a lease, and it did not say that it ends."""
        silent = state.state != ENDED and self._clock.now() - state.last_seen_at > self._lease
        return msgspec.structs.replace(state, state="stalled") if silent else state

    def is_gone(self, state: WorkerState) -> bool:
        """Whether another process may have the worker's name."""
        return self.aged(state).state in _GONE

    def queues(self, kind: str, tags: Sequence[str], team: str) -> list[str]:
        """Where to publish work: on the team's own queue if workers of the team alone are connected that could take it.

        On the common one if others could, and where nobody can.
        """
        own, common = queue_of(kind, tags, team), queue_of(kind, tags)
        if not self.binds_teams():
            return [common]
        listening = [state for state in self._connected() if self.fits(state, kind, tags, team)]
        chosen = [queue for queue in (common, own) if any(queue in state.queues for state in listening)]
        return chosen or [common]

    def binds_teams(self) -> bool:
        """Whether some worker is for one team's work alone."""
        self.workers()
        return self._binds_teams

    def _connected(self) -> list[WorkerState]:
        """The workers that are there, and are to stay."""
        return [state for state in self.workers() if state.state not in {*_GONE, "draining"} and not state.draining]

    def able(self, kind: str, tags: Sequence[str], team: str, level: int) -> list[WorkerState]:
        """The workers that would take such work (`jobs` or `checks`) now if they had a slot, by name."""
        fitting = self._fitting(kind, tags, team)
        return [state for state in fitting if state.level >= level and availability(state) == "running"]

    def level(self, by: Claimant) -> int:
        """Which plans this worker can run, by what it registered as."""
        state = self._find(by.name, by.instance)
        return state.level if state else UNSAID

    def free_slots(self, queue: str, running: Mapping[str, int]) -> int:
        """Slots of the workers that take from the queue now and run nothing; `running` is what runs, by worker."""
        takers = [each for each in self.workers() if queue in each.queues and availability(each) == "running"]
        return sum(max(0, each.concurrency - running.get(each.name, 0)) for each in takers)

    def waiting_reason(self, kind: str, tags: Sequence[str], team: str, need: Need) -> str:
        """Why published work of this kind (`jobs` or `checks`) gets no worker now; empty where one could take it."""
        fitting = self._fitting(kind, tags, team)
        if not fitting:
            return no_worker(kind, tags, alone=all(state.state in _GONE for state in self.workers()))
        new_enough = [state for state in fitting if state.level >= need.level]
        if not new_enough:
            return all_too_old(need, fitting)
        return "" if self.able(kind, tags, team, need.level) else none_takes_work(new_enough)

    def fits(self, state: WorkerState, kind: str, tags: Sequence[str], team: str) -> bool:
        """Whether the worker could take such work, if it takes any now."""
        able = set(tags) <= set(state.tags) and state.team in {"", team}
        return able and not {queue_of(kind, tags), queue_of(kind, tags, team)}.isdisjoint(state.queues)

    def _fitting(self, kind: str, tags: Sequence[str], team: str) -> list[WorkerState]:
        """The workers that are or may come back. Many builds ask for the same: each question is answered once."""
        workers, wanted = self.workers(), (kind, tuple(tags), team)
        if wanted not in self._fitted:
            if len(self._fitted) >= _ANSWERS:
                self._fitted = {}
            there = (state for state in workers if state.state != ENDED)
            self._fitted[wanted] = [state for state in there if self.fits(state, kind, tags, team)]
        return self._fitted[wanted]

    def require_able(self, by: Claimant, kind: str, tags: Sequence[str], team: str) -> None:
        """Return if the work is for such a worker as this one registered as, and its token opens it.

        Raises ConflictError otherwise.
        """
        if refusal := self.refusal(by, kind, tags, team):
            raise refusal

    def refusal(self, by: Claimant, kind: str, tags: Sequence[str], team: str) -> ConflictError | None:
        """Why the work is not for this worker, by what it registered as and its token; None if it is.

        What an instance can do never changes, so it is looked up once.
        """
        worker, opens = by.name, by.opens
        if opens.team not in {"", team}:
            return ConflictError(
                f"the worker's token opens the work of team {opens.team} alone", hint="give it a token for every team"
            )
        state = self._find(worker, by.instance)
        if state is None:
            return ConflictError(f"worker {worker} is not registered", hint="register first")
        missing = sorted(set(tags) - set(state.tags)) or opens.lacks(tags)
        if missing:
            return ConflictError(f"worker {worker} lacks the tags {', '.join(missing)}")
        if not {queue_of(kind, tags), queue_of(kind, tags, team)} & set(state.queues):
            only = f"{kind} for its tags only" if state.tags and not tags else f"no such {kind}"
            return ConflictError(f"worker {worker} takes {only}")
        return None

    def _find(self, worker: str, instance: str) -> WorkerState | None:
        state = self._known.get(worker)
        if state is None or state.instance != instance:
            self.forget()
            self.workers()
            state = self._known.get(worker)
        return state if state is not None and state.instance == instance else None
