"""How the server stands, for metrics and for people: builds, checks, queues and workers, counted."""

from __future__ import annotations

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.tags import common_queue, team_of
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.measures import Measures
from pikoci.internal.service.plumbing.ports import QueueState


class Monitoring:
    """Looks and changes nothing. Raises UnavailableError where the database is away."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def counts(self) -> dict[str, int]:
        """Builds that have not ended, by status."""
        return {str(status): count for status, count in self._store.builds.count_by_status().items()}

    def queues(self) -> dict[str, QueueState | None]:
        """What waits in the queues, those of tagged work included once they are used; None where nobody can tell."""
        return self._context.doorbell.states()

    def queues_of(self, principal: Principal) -> dict[str, QueueState | None]:
        """The same (any user), without those of teams that the principal is not a member of."""
        principal.require_user()
        states = self.queues()
        return {name: state for name, state in states.items() if _may_see(principal, team_of(name))}

    def common_queues(self) -> dict[str, QueueState | None]:
        """The same, each with what waits for workers of one team alone, whose names are nobody else's business."""
        sums: dict[str, QueueState | None] = {}
        for name, state in self.queues().items():
            common = common_queue(name)
            sums[common] = _together(sums[common], state) if common in sums else state
        return sums

    def workers(self) -> dict[str, int]:
        """How many workers there are in each state."""
        counts = dict.fromkeys(("running", "draining", "cordoned", "ended", "stalled"), 0)
        for state in self._context.fleet.workers():
            counts[state.state] = counts.get(state.state, 0) + 1
        return counts

    def measures(self) -> Measures:
        """What this server has counted."""
        return self._context.measures

    def check_lag(self) -> float:
        """Seconds by which the most overdue check is late."""
        due = self._store.resources.next_due_at()
        return 0.0 if due is None else max(0.0, self._context.clock.now() - due)


def _may_see(principal: Principal, team: str) -> bool:
    return not team or principal.may(team, Role.READ)


def _together(one: QueueState | None, other: QueueState | None) -> QueueState | None:
    if one is None or other is None:
        return one or other
    ages = [state.oldest for state in (one, other) if state.oldest is not None]
    return QueueState(one.waiting + other.waiting, one.in_flight + other.in_flight, max(ages, default=None))
