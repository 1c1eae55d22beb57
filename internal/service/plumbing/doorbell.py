"""The doorbell: ids of rows that are committed, published on queues, and what waits in these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import structlog

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.pipeline import ResourceState
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.queues import CHECKS_QUEUE, JOBS_QUEUE, id_message
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.fleet import Fleet
from pikoci.internal.service.plumbing.ports import Broker, QueueState

_log = structlog.get_logger(__name__)

_MAX_QUEUES = 500
#: How long what a broker said is good for, and how long all queues together may take to answer, in seconds.
_LIFETIME = 1.0
_PATIENCE = 5.0


class Doorbell:
    """Tells the workers which rows to look at, once they are committed.

    Nothing here raises: the work is safe in the database, and the sweeper publishes again what could not be published
    or got lost. `failure` is what the broker raises when it is away. Queues of tagged work are known by having been
    used.
    """

    def __init__(self, store: Store, broker: Broker, failure: type[Exception], fleet: Fleet, clock: Clock) -> None:
        self._store = store
        self._broker = broker
        self._failure = failure
        self._fleet = fleet
        self._clock = clock
        self._names = {JOBS_QUEUE: None, CHECKS_QUEUE: None}  # a dict, for its order
        self._states: dict[str, QueueState | None] = {}
        self._fresh_until: float | None = None

    def ring_builds(self, plan: JobPlan, team: str, build_ids: Sequence[int]) -> None:
        """Publish builds of one job of the team."""
        for queue in self._fleet.queues(JOBS_QUEUE, plan.tags, team):
            self.ring(queue, build_ids)

    def ring_checks(self, resources: Iterable[ResourceState]) -> None:
        """Publish checks, each on the queue of its resource's tags."""
        for queue, found in self.by_queue(resources).items():
            self.ring(queue, [resource.id for resource in found])

    def by_queue(self, resources: Iterable[ResourceState]) -> dict[str, list[ResourceState]]:
        """The resources, grouped by the queues of their checks."""
        grouped: dict[str, list[ResourceState]] = {}
        for resource in resources:
            # The team matters to few installations: most need not look it up.
            pipeline = self._store.pipelines.get(resource.pipeline_id) if self._fleet.binds_teams() else None
            for queue in self._fleet.queues(CHECKS_QUEUE, resource.tags, pipeline.team if pipeline else ""):
                grouped.setdefault(queue, []).append(resource)
        return grouped

    def lost(self, queue: str, waiting: int, running: Mapping[str, int]) -> int:
        """How many of `waiting` published ids, the oldest, may have no message left; `running` is what workers run.

        While at least as many messages wait as ids, the workers are merely busy, and more messages would not help. Not
        so where workers have free slots: then the messages don't reach them, or the broker counts what is done with.
        """
        self._remember(queue)
        state = self._look(queue)
        if state is None or state.waiting < waiting:
            return waiting
        return min(waiting, self._fleet.free_slots(queue, running))

    def ring(self, queue: str, ids: Iterable[int], message: Callable[[int], bytes] = id_message) -> None:
        """Publish ids on a queue after the commit, each in a `message` of its own."""
        self._store.after_commit(partial(self._publish, queue, tuple(ids), message))

    def states(self) -> dict[str, QueueState | None]:
        """Every queue by name, with what waits in it; None where the broker cannot tell, is away, or takes too long."""
        began = self._clock.monotonic()
        if self._fresh_until is None or began >= self._fresh_until:
            states: dict[str, QueueState | None] = {}
            for name in sorted(self._names):
                in_time = self._clock.monotonic() - began < _PATIENCE
                states[name] = self._look(name) if in_time else None
            self._states, self._fresh_until = states, self._clock.monotonic() + _LIFETIME
        return self._states

    def _publish(self, queue: str, ids: tuple[int, ...], message: Callable[[int], bytes]) -> None:
        self._remember(queue)
        try:
            self._broker.publish(queue, *(message(number) for number in ids))
        except self._failure as error:
            _log.warning("queue unavailable, the sweeper publishes later", queue=queue, ids=ids, error=str(error))

    def _look(self, queue: str) -> QueueState | None:
        try:
            depth = self._broker.depth(queue)
        except self._failure:
            return None
        return None if depth is None else QueueState(depth.waiting, depth.in_flight, depth.oldest)

    def _remember(self, queue: str) -> None:
        """Keep the queue's name; beyond so many the one that was used first is forgotten, but for the two of old."""
        if queue not in self._names:
            self._fresh_until = None
            self._names[queue] = None
            if len(self._names) > _MAX_QUEUES:
                del self._names[next(name for name in self._names if name not in {JOBS_QUEUE, CHECKS_QUEUE})]
