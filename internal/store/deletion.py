"""Deleting pipelines: out of sight at once, and then row by row.

A pipeline that belongs to no team is being deleted. What reads pipelines joins `teams`, as an entity needs its team's
name; so no statement sees one that is being deleted, but for those here. Its name is free at once, as the index
`pipelines_by_name` is about names within a team. What is reached without its pipeline, checks and active builds, is
ended by `hide` and `end_builds`.
"""

from __future__ import annotations

from pikoci.internal.domain.build import ACTIVE as STATUSES
from pikoci.internal.store.builds import SqlBuilds
from pikoci.internal.store.logs import SqlLogs
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import ACTIVE

HIDE = "UPDATE pipelines SET team_id = NULL WHERE id = ? AND team_id IS NOT NULL"
DROP_CHECKS = (
    "UPDATE resources SET archived = TRUE, webhook_token = '', next_check_at = NULL, check_dispatched_at = NULL,"
    " check_claim = check_claim + 1, check_worker = NULL, check_instance = NULL, check_lease_expires_at = NULL"
    " WHERE pipeline_id = ?"
)
DROP_SECRETS = "DELETE FROM secrets WHERE pipeline_id = ?"
DROP_TOKENS = "DELETE FROM api_tokens WHERE pipeline_id = ?"
END_BUILDS = (
    "UPDATE builds SET status = 'cancelled', reason = ?, finished_at = ?, lease_expires_at = NULL WHERE id IN"
    f" (SELECT id FROM builds WHERE {ACTIVE} AND job_id IN (SELECT id FROM jobs WHERE pipeline_id = ?) AND status = ?"
    " LIMIT ? FOR NO KEY UPDATE SKIP LOCKED) RETURNING id"
)
TAKE = "SELECT id FROM pipelines WHERE team_id IS NULL ORDER BY name LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
OLDEST = "SELECT id FROM builds WHERE pipeline_id = ? AND id > ? ORDER BY id LIMIT 100"
#: What belongs to a pipeline beside its builds; what refers to another comes before it.
PARTS = (
    (
        "DELETE FROM versions WHERE id IN (SELECT v.id FROM resources r CROSS JOIN versions v"
        " WHERE r.pipeline_id = ? AND v.resource_id = r.id LIMIT 200)"
    ),
    (
        "DELETE FROM artifact_grants WHERE pipeline_id = ? AND digest IN"
        " (SELECT g.digest FROM artifact_grants g WHERE g.pipeline_id = ? LIMIT 200)"
    ),
    (
        "DELETE FROM scheduling_requests WHERE id IN (SELECT s.id FROM jobs j CROSS JOIN scheduling_requests s"
        " WHERE j.pipeline_id = ? AND s.job_id = j.id LIMIT 200)"
    ),
    "DELETE FROM resources WHERE id IN (SELECT id FROM resources WHERE pipeline_id = ? LIMIT 200)",
    "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE pipeline_id = ? LIMIT 200)",
)
DELETE = "DELETE FROM pipelines WHERE id = ?"


class SqlDeletion:
    """Implements `DeletionRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._builds = SqlBuilds(session)
        self._logs = SqlLogs(session)

    def hide(self, pipeline_id: int) -> bool:
        """See `DeletionRepository`."""
        hidden = self._session.write(HIDE, (pipeline_id,)) > 0
        self._session.write(DROP_CHECKS, (pipeline_id,))
        self._session.write(DROP_SECRETS, (pipeline_id,))
        self._session.write(DROP_TOKENS, (pipeline_id,))
        return hidden

    def end_builds(self, pipeline_id: int, reason: str, now: float, limit: int) -> list[int]:
        """See `DeletionRepository`. Those that run come first."""
        ended: list[int] = []
        for status in STATUSES:
            params = (reason, now, pipeline_id, status.value, limit - len(ended))
            ended += (row[0] for row in self._session.change(END_BUILDS, params))
        return ended

    def take(self) -> int | None:
        """See `DeletionRepository`."""
        rows = self._session.change(TAKE)
        return rows[0][0] if rows else None

    def delete_some(self, pipeline_id: int, after: int) -> int | None:
        """See `DeletionRepository`. Beside many deleted rows PostgreSQL is slow to find the first that is left."""
        builds = [row[0] for row in self._session.rows(OLDEST, (pipeline_id, after))]
        if builds:
            if self._logs.delete_some(builds):
                return after
            self._builds.delete(builds)
            return int(builds[-1])
        if after:
            return 0  # look again from the beginning
        for part in PARTS:
            if self._session.write(part, (pipeline_id,) * part.count("?")):
                return 0
        self._session.write(DELETE, (pipeline_id,))
        return None
