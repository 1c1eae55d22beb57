"""Builds on workers: who has claimed what, and until when."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.pipeline import BusySlots
from pikoci.internal.store.session import Session, batches, marks
from pikoci.internal.store.tables import BUILDS, OPEN
from pikoci.internal.store.values import encode_json, key_text

TAKE_STALE = (
    f"{BUILDS.select} WHERE status = 'pending' AND (dispatched_at, id) > (?, ?) AND dispatched_at < ?"
    " ORDER BY dispatched_at, id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
TAKE_EXPIRED = (
    f"{BUILDS.select} WHERE status = 'started' AND lease_expires_at <= ?"
    " ORDER BY lease_expires_at LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)
STARTED_BY = f"SELECT {BUILDS.columns}, worker_instance FROM builds WHERE status = 'started' AND worker = ? ORDER BY id"
STARTED = f"{BUILDS.select} WHERE status = 'started' ORDER BY worker, id"
BUSY = (
    "SELECT b.worker, t.name, p.name, p.public, j.name, COUNT(*) FROM builds b JOIN jobs j ON j.id = b.job_id"
    " JOIN pipelines p ON p.id = b.pipeline_id JOIN teams t ON t.id = p.team_id WHERE b.status = 'started'"
    " GROUP BY b.worker, t.name, p.name, p.public, j.name"
)
NAME_SECRETS = "UPDATE builds SET secret_names = ? WHERE id = ?"
NAMED_SECRETS = "SELECT secret_names FROM builds WHERE id = ?"
HOLDER = "SELECT worker, worker_instance FROM builds WHERE id = ? AND worker IS NOT NULL"
GRACE_BUILDS = "UPDATE builds SET lease_expires_at = ? WHERE status = 'started' AND lease_expires_at < ?"
GRACE_CHECKS = (
    "UPDATE resources SET check_lease_expires_at = ?"
    " WHERE check_lease_expires_at IS NOT NULL AND check_lease_expires_at < ?"
)
GRACE_ANNOUNCEMENTS = f"UPDATE announcements SET lease_expires_at = ? WHERE {OPEN} AND lease_expires_at < ?"


class SqlBuildLeases:
    """The part of `BuildRepository` that is about claims and leases."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take_stale(self, before: float, limit: int, after: tuple[float, int] = (0.0, 0)) -> list[Build]:
        """See `BuildRepository`."""
        return [BUILDS.read(row) for row in self._session.change(TAKE_STALE, (*after, before, limit))]

    def busy(self) -> list[BusySlots]:
        """See `BuildRepository`."""
        return [
            BusySlots(worker=row[0] or "", team=row[1], pipeline=row[2], public=bool(row[3]), job=row[4], builds=row[5])
            for row in self._session.rows(BUSY)
        ]

    def take_expired(self, now: float, limit: int) -> list[Build]:
        """See `BuildRepository`."""
        return [BUILDS.read(row) for row in self._session.change(TAKE_EXPIRED, (now, limit))]

    def started_by(self, worker: str) -> list[tuple[Build, str]]:
        """See `BuildRepository`."""
        rows = self._session.rows(STARTED_BY, (key_text(worker, "the worker's name"),))
        return [(BUILDS.read(row), row[-1] or "") for row in rows]

    def started(self) -> list[Build]:
        """See `BuildRepository`."""
        return [BUILDS.read(row) for row in self._session.rows(STARTED)]

    def holder(self, build_id: int) -> tuple[str, str] | None:
        """See `BuildRepository`."""
        rows = self._session.rows(HOLDER, (build_id,))
        return (rows[0][0], rows[0][1] or "") if rows else None

    def name_secrets(self, build_id: int, names: Sequence[str]) -> None:
        """See `BuildRepository`."""
        self._session.write(NAME_SECRETS, (encode_json(list(names)) if names else None, build_id))

    def secret_names(self, build_id: int) -> builtins.list[str]:
        """See `BuildRepository`."""
        row = self._session.row(NAMED_SECRETS, (build_id,))
        return msgspec.json.decode(row[0], type=list[str]) if row and row[0] else []

    def renew(self, worker: str, instance: str, claims: Sequence[ClaimRef], lease_until: float) -> set[int]:
        """See `BuildRepository`."""
        renewed: set[int] = set()
        for batch in batches(claims):
            sql = (
                "UPDATE builds SET lease_expires_at = ? WHERE status = 'started' AND worker = ? AND worker_instance = ?"
                f" AND id IN ({marks(len(batch))}) AND (id, claim) IN (VALUES {marks(len(batch), '(?, ?)')})"
                " RETURNING id"
            )
            ids = [ref.id for ref in batch]
            pairs = [value for ref in batch for value in (ref.id, ref.claim)]
            renewed.update(row[0] for row in self._session.change(sql, (lease_until, worker, instance, *ids, *pairs)))
        return renewed

    def grant_grace(self, lease_until: float) -> int:
        """See `BuildRepository`. Returns how many leases, of all kinds, it made longer."""
        kinds = (GRACE_BUILDS, GRACE_CHECKS, GRACE_ANNOUNCEMENTS)
        return sum(self._session.write(kind, (lease_until, lease_until)) for kind in kinds)
