"""The announcements of builds that wait for approval: who sends them, how that ended."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pikoci.internal.domain.announcement import Announcement, AnnouncementStatus
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.store.session import Session, batches, marks
from pikoci.internal.store.tables import ANNOUNCEMENTS, OPEN
from pikoci.internal.store.values import key_text, shown_text

INSERT = f"{ANNOUNCEMENTS.insert()} RETURNING id"
GET = f"{ANNOUNCEMENTS.select} WHERE id = ?"
OF_BUILD = f"{ANNOUNCEMENTS.select} WHERE build_id = ? ORDER BY id"
CLAIM = (
    "UPDATE announcements SET claim = claim + 1, dispatched_at = NULL, worker = ?, instance = ?, lease_expires_at = ?"
    f" WHERE id = ? AND {OPEN} AND (dispatched_at IS NOT NULL OR lease_expires_at <= ?) {ANNOUNCEMENTS.returning}"
)
HOLDER = f"SELECT worker, instance FROM announcements WHERE id = ? AND {OPEN} AND worker IS NOT NULL"
FINISH = (
    "UPDATE announcements SET status = ?, reason = ?, finished_at = ?, dispatched_at = NULL, lease_expires_at = NULL"
    f" WHERE id = ? AND claim = ? AND {OPEN}"
)
IS_CURRENT = "SELECT 1 FROM announcements WHERE id = ? AND claim = ?"
ANY_OPEN = f"SELECT 1 FROM announcements WHERE {OPEN} LIMIT 1"
DROP_DECIDED = (
    "UPDATE announcements SET status = 'dropped', reason = ?, finished_at = ?, dispatched_at = NULL"
    f" WHERE {OPEN} AND lease_expires_at IS NULL"
    " AND (SELECT builds.status FROM builds WHERE builds.id = announcements.build_id) <> 'waiting'"
)
# Published at the beginning of time: the next sweep publishes it again.
_GIVE_UP = (
    "UPDATE announcements SET worker = NULL, instance = NULL, lease_expires_at = NULL, dispatched_at = 0"
    f" WHERE {OPEN} AND lease_expires_at IS NOT NULL"
)
REQUEUE_EXPIRED = f"{_GIVE_UP} AND lease_expires_at <= ?"
REQUEUE_OF = f"{_GIVE_UP} AND worker = ? AND instance = ?"
TAKE_STALE = (
    f"{ANNOUNCEMENTS.select} WHERE {OPEN} AND dispatched_at < ?"
    " ORDER BY dispatched_at LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
COUNT_CLAIMED = (
    f"SELECT worker, COUNT(*) FROM announcements WHERE {OPEN} AND lease_expires_at IS NOT NULL GROUP BY worker"
)


class SqlAnnouncements:
    """Implements `AnnouncementRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, wished: Sequence[Announcement]) -> list[Announcement]:
        """See `AnnouncementRepository`."""
        return [replace(one, id=self._session.change(INSERT, ANNOUNCEMENTS.values(one))[0][0]) for one in wished]

    def get(self, announcement_id: int) -> Announcement | None:
        """See `AnnouncementRepository`."""
        rows = self._session.rows(GET, (announcement_id,))
        return ANNOUNCEMENTS.read(rows[0]) if rows else None

    def of_build(self, build_id: int) -> list[Announcement]:
        """See `AnnouncementRepository`."""
        return [ANNOUNCEMENTS.read(row) for row in self._session.rows(OF_BUILD, (build_id,))]

    def claim(
        self, announcement_id: int, worker: str, instance: str, now: float, lease_until: float
    ) -> Announcement | None:
        """See `AnnouncementRepository`."""
        rows = self._session.change(CLAIM, (*_names(worker, instance), lease_until, announcement_id, now))
        return ANNOUNCEMENTS.read(rows[0]) if rows else None

    def holder(self, announcement_id: int) -> tuple[str, str] | None:
        """See `AnnouncementRepository`."""
        rows = self._session.rows(HOLDER, (announcement_id,))
        return (rows[0][0], rows[0][1] or "") if rows else None

    def finish(self, announcement_id: int, claim: int, status: AnnouncementStatus, reason: str, now: float) -> bool:
        """See `AnnouncementRepository`. A second delivery of the current claim changes nothing and is true again."""
        if self._session.write(FINISH, (status.value, shown_text(reason), now, announcement_id, claim)):
            return True
        return bool(self._session.rows(IS_CURRENT, (announcement_id, claim)))

    def drop_decided(self, reason: str, now: float) -> int:
        """See `AnnouncementRepository`."""
        return self._session.write(DROP_DECIDED, (reason, now))

    def is_any_open(self) -> bool:
        """See `AnnouncementRepository`."""
        return bool(self._session.rows(ANY_OPEN))

    def requeue_expired(self, now: float) -> int:
        """See `AnnouncementRepository`."""
        return self._session.write(REQUEUE_EXPIRED, (now,))

    def requeue_of(self, worker: str, instance: str) -> int:
        """See `AnnouncementRepository`."""
        return self._session.write(REQUEUE_OF, _names(worker, instance))

    def renew(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """See `AnnouncementRepository`."""
        renewed: set[int] = set()
        for batch in batches(claims):
            sql = (
                f"UPDATE announcements SET lease_expires_at = ? WHERE worker = ? AND instance = ? AND {OPEN}"
                f" AND lease_expires_at IS NOT NULL AND id IN ({marks(len(batch))})"
                f" AND (id, claim) IN (VALUES {marks(len(batch), '(?, ?)')}) RETURNING id"
            )
            pairs = [value for ref in batch for value in (ref.id, ref.claim)]
            rows = self._session.change(sql, (lease_until, worker, instance, *(ref.id for ref in batch), *pairs))
            renewed.update(row[0] for row in rows)
        return renewed

    def take_stale(self, before: float, limit: int) -> list[Announcement]:
        """See `AnnouncementRepository`."""
        return [ANNOUNCEMENTS.read(row) for row in self._session.change(TAKE_STALE, (before, limit))]

    def mark_dispatched(self, announcement_ids: Sequence[int], now: float) -> None:
        """See `AnnouncementRepository`."""
        for batch in batches(announcement_ids):
            sql = f"UPDATE announcements SET dispatched_at = ? WHERE {OPEN} AND id IN ({marks(len(batch))})"
            self._session.write(sql, (now, *batch))

    def count_claimed(self) -> dict[str, int]:
        """See `AnnouncementRepository`."""
        return {row[0]: row[1] for row in self._session.rows(COUNT_CLAIMED)}


def _names(worker: str, instance: str) -> tuple[str, str]:
    return key_text(worker, "the worker's name"), key_text(instance, "the worker's instance")
