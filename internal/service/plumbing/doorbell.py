"""Publishing ids of rows that are committed: the sweeper sends what could not be sent, or got lost, again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import structlog

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.pipeline import ResourceState
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.domain.queues import CHECKS_QUEUE, JOBS_QUEUE
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.ports import encode_id

_log = structlog.get_logger(__name__)


class Doorbell:
    """Tells the workers which rows to look at, once they are committed. Never raises, because the work is safe then."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._publisher = context.publisher
        self._fleet = context.fleet

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

    def may_be_lost(self, queue: str, waiting: int) -> bool:
        """Whether some of `waiting` published ids may have no message left.

        While at least as many messages wait as ids, the workers are merely busy, and more messages would not help.
        """
        depth = self._publisher.depth(queue)
        return depth is None or depth < waiting

    def ring(self, queue: str, ids: Iterable[int]) -> None:
        """Publish ids on a queue."""
        self._store.after_commit(partial(self._publish, queue, tuple(ids)))

    def _publish(self, queue: str, ids: tuple[int, ...]) -> None:
        try:
            self._publisher.publish(queue, *map(encode_id, ids))
        except UnavailableError as error:
            _log.warning("queue unavailable, the sweeper publishes later", queue=queue, ids=ids, error=str(error))
