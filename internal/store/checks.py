"""The checks of resources: when they fall due, who runs them, how they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.pipeline import ResourceState
from pikoci.internal.store.session import Session, batches, marks
from pikoci.internal.store.tables import CHECKABLE, RESOURCES
from pikoci.internal.store.values import key_text, shown_text

TAKE_DUE = (
    f"{RESOURCES.select} WHERE {CHECKABLE} AND next_check_at <= ?"
    " AND (check_lease_expires_at IS NULL OR check_lease_expires_at <= ?)"
    " ORDER BY next_check_at LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
TAKE_STALE = (
    f"{RESOURCES.select} WHERE check_dispatched_at IS NOT NULL AND check_dispatched_at < ?"
    " ORDER BY check_dispatched_at LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
NEXT_DUE = (
    f"SELECT next_check_at FROM resources WHERE {CHECKABLE} AND check_lease_expires_at IS NULL"
    " ORDER BY next_check_at LIMIT 1"
)
#: A check that is due while one still runs falls due when that one's lease ends, if not before.
NEXT_DUE_AFTER_LEASE = (
    "SELECT MIN(CASE WHEN next_check_at > check_lease_expires_at THEN next_check_at ELSE check_lease_expires_at END)"
    f" FROM resources WHERE check_lease_expires_at IS NOT NULL AND {CHECKABLE}"
)
CLAIM = (
    "UPDATE resources SET check_claim = check_claim + 1, check_dispatched_at = NULL, check_worker = ?,"
    " check_instance = ?, check_lease_expires_at = ?"
    " WHERE id = ? AND (check_dispatched_at IS NOT NULL OR check_lease_expires_at <= ?) " + RESOURCES.returning
)
FINISH = (
    "UPDATE resources SET check_worker = NULL, check_instance = NULL, check_lease_expires_at = NULL,"
    " last_checked_at = ?, check_error = ? WHERE id = ? AND check_claim = ?"
)
COUNT_RUNNING = (
    "SELECT check_worker, COUNT(*) FROM resources WHERE check_lease_expires_at IS NOT NULL AND check_worker IS NOT NULL"
    " GROUP BY check_worker"
)
UPCOMING = "SELECT id, check_interval, next_check_at FROM resources WHERE NOT archived AND next_check_at > ?"
HOLDER = "SELECT check_worker, check_instance FROM resources WHERE id = ? AND check_worker IS NOT NULL"
_DUE_AT_ONCE = "next_check_at = CASE WHEN next_check_at < ? THEN next_check_at ELSE ? END"  # also where it is NULL
REQUEST = f"UPDATE resources SET {_DUE_AT_ONCE} WHERE id = ?"
#: At once, or some time after the last check that was asked for this way; nothing changes where one is due by then. A
#: last one that is further away than that was set by a clock that has been put back since.
_SPACED = "CASE WHEN webhook_due_at > ? AND webhook_due_at <= ? THEN webhook_due_at + ? ELSE ? END"
REQUEST_SPACED = (
    f"UPDATE resources SET next_check_at = {_SPACED}, webhook_due_at = {_SPACED}"
    f" WHERE id = ? AND (next_check_at IS NULL OR next_check_at > {_SPACED})"
)
_GIVE_UP = (
    f"UPDATE resources SET check_worker = NULL, check_instance = NULL, check_lease_expires_at = NULL, {_DUE_AT_ONCE}"
)
REQUEUE_EXPIRED = f"{_GIVE_UP} WHERE check_lease_expires_at IS NOT NULL AND check_lease_expires_at <= ?"
REQUEUE_OF = f"{_GIVE_UP} WHERE check_lease_expires_at IS NOT NULL AND check_worker = ? AND check_instance = ?"


def dispatch_sql(resources: int) -> str:
    """The statement that marks so many resources, given as (id, next due time), as dispatched."""
    # Without the cast, PostgreSQL takes a column of nothing but NULL for text.
    groups = marks(resources, "(?, CAST(? AS DOUBLE PRECISION))")
    return (
        f"WITH due(id, at) AS (VALUES {groups}) UPDATE resources SET next_check_at = due.at, check_dispatched_at = ?"
        " FROM due WHERE resources.id = due.id"
    )


def bring_forward_sql(resources: int) -> str:
    """The statement that makes so many resources, given as (id, due time), due earlier."""
    return (
        f"WITH due(id, at) AS (VALUES {marks(resources, '(?, ?)')}) UPDATE resources SET next_check_at = due.at"
        " FROM due WHERE resources.id = due.id AND resources.next_check_at > due.at"
    )


class SqlChecks:
    """The part of `ResourceRepository` that is about checks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take_due(self, now: float, limit: int) -> list[ResourceState]:
        """See `ResourceRepository`."""
        return [RESOURCES.read(row) for row in self._session.change(TAKE_DUE, (now, now, limit))]

    def take_stale(self, before: float, limit: int) -> list[ResourceState]:
        """See `ResourceRepository`."""
        return [RESOURCES.read(row) for row in self._session.change(TAKE_STALE, (before, limit))]

    def next_due_at(self) -> float | None:
        """See `ResourceRepository`. One that is due while its check runs counts from the end of the lease."""
        first = self._session.row(NEXT_DUE)
        after_lease = self._session.row(NEXT_DUE_AFTER_LEASE)
        times = [row[0] for row in (first, after_lease) if row and row[0] is not None]
        return min(times, default=None)

    def upcoming(self, now: float) -> list[tuple[int, str, float]]:
        """See `ResourceRepository`."""
        return [(row[0], row[1], row[2]) for row in self._session.rows(UPCOMING, (now,))]

    def bring_forward(self, due: Mapping[int, float]) -> None:
        """See `ResourceRepository`."""
        for batch in batches(list(due.items())):
            self._session.write(bring_forward_sql(len(batch)), [value for item in batch for value in item])

    def mark_dispatched(self, due: Mapping[int, float | None], now: float) -> None:
        """See `ResourceRepository`."""
        for batch in batches(list(due.items())):
            values = [value for item in batch for value in item]
            self._session.write(dispatch_sql(len(batch)), (*values, now))

    def request_check(self, resource_id: int, now: float) -> None:
        """See `ResourceRepository`."""
        self._session.write(REQUEST, (now, now, resource_id))

    def request_spaced_check(self, resource_id: int, now: float, gap: float) -> None:
        """See `ResourceRepository`."""
        spaced = (now - gap, now + gap, gap, now)
        self._session.write(REQUEST_SPACED, (*spaced, *spaced, resource_id, *spaced))

    def claim_check(
        self, resource_id: int, worker: str, instance: str, now: float, lease_until: float
    ) -> ResourceState | None:
        """See `ResourceRepository`."""
        worker, instance = key_text(worker, "the worker's name"), key_text(instance, "the worker's instance")
        rows = self._session.change(CLAIM, (worker, instance, lease_until, resource_id, now))
        return RESOURCES.read(rows[0]) if rows else None

    def count_checks(self) -> dict[str, int]:
        """See `ResourceRepository`."""
        return {row[0]: row[1] for row in self._session.rows(COUNT_RUNNING)}

    def check_holder(self, resource_id: int) -> tuple[str, str] | None:
        """See `ResourceRepository`."""
        rows = self._session.rows(HOLDER, (resource_id,))
        return (rows[0][0], rows[0][1] or "") if rows else None

    def finish_check(self, resource_id: int, claim: int, now: float, error: str) -> bool:
        """See `ResourceRepository`. A second delivery of the current claim changes nothing and is true again."""
        return self._session.write(FINISH, (now, shown_text(error), resource_id, claim)) > 0

    def requeue_expired_checks(self, now: float) -> int:
        """See `ResourceRepository`."""
        return self._session.write(REQUEUE_EXPIRED, (now, now, now))

    def requeue_checks_of(self, worker: str, instance: str, now: float) -> int:
        """See `ResourceRepository`."""
        names = key_text(worker, "the worker's name"), key_text(instance, "the worker's instance")
        return self._session.write(REQUEUE_OF, (now, now, *names))

    def renew_checks(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """See `ResourceRepository`."""
        renewed: set[int] = set()
        for batch in batches(claims):
            sql = (
                "UPDATE resources SET check_lease_expires_at = ? WHERE check_worker = ? AND check_instance = ?"
                f" AND check_lease_expires_at IS NOT NULL AND id IN ({marks(len(batch))})"
                f" AND (id, check_claim) IN (VALUES {marks(len(batch), '(?, ?)')}) RETURNING id"
            )
            ids = [ref.id for ref in batch]
            pairs = [value for ref in batch for value in (ref.id, ref.claim)]
            rows = self._session.change(sql, (lease_until, worker, instance, *ids, *pairs))
            renewed.update(row[0] for row in rows)
        return renewed
