"""Builds that wait for a worker: in a line for each queue and pipeline."""

from __future__ import annotations

from pikoci.internal.domain.build import ANY_LEVEL, Build, WaitingLine
from pikoci.internal.domain.queues import JOBS_QUEUE
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import BUILDS, IN_LINE
from pikoci.internal.store.values import key_text

#: The order within a line.
_ORDER = "priority DESC, id"
_LINE = f"{IN_LINE} AND queue = ? AND pipeline_id = ?"

# PostgreSQL reads the whole table of builds to join it with lines, whose number it does not know; hence subqueries.
# PostgreSQL and SQLite read every entry of an index for DISTINCT. These step from one line to the first build of the
# next, so that a line costs the same however long it is.
_STEP = (
    f"SELECT id FROM builds WHERE {IN_LINE} AND queue = last.queue AND pipeline_id > last.pipeline_id{{fit}}"
    f" ORDER BY pipeline_id, {_ORDER} LIMIT 1"
)
#: The builds that a worker of a level can run. An older one steps over the others, one after another.
_FIT = " AND level <= ?"
#: Builds of a line that are counted.
_COUNTED = 100
_HEADS = (
    ", found(id, queue, pipeline_id) AS (SELECT id, (SELECT queue FROM builds WHERE builds.id = heads.id),"
    " (SELECT pipeline_id FROM builds WHERE builds.id = heads.id) FROM heads WHERE id IS NOT NULL)"
    " SELECT last.id, last.queue, last.pipeline_id, teams.name{count} FROM found last"
    " JOIN pipelines ON pipelines.id = last.pipeline_id JOIN teams ON teams.id = pipelines.team_id"
)
LINES_BESIDE = (
    "WITH RECURSIVE heads(id) AS ("
    f"SELECT (SELECT id FROM builds WHERE {IN_LINE} AND queue ="
    f" COALESCE((SELECT rung.queue FROM builds rung WHERE rung.id = ?), '{JOBS_QUEUE}'){_FIT}"
    f" ORDER BY pipeline_id, {_ORDER} LIMIT 1)"
    f" UNION ALL SELECT ({_STEP.format(fit=_FIT)}) FROM heads JOIN builds last ON last.id = heads.id)"
    f"{_HEADS.format(count='')}"
)
_COUNT = (
    f", (SELECT COUNT(*) FROM (SELECT 1 FROM builds WHERE {IN_LINE} AND queue = last.queue"
    f" AND pipeline_id = last.pipeline_id LIMIT {_COUNTED}) counted)"
)
LINES = (
    "WITH RECURSIVE heads(id) AS ("
    f"SELECT (SELECT id FROM builds WHERE {IN_LINE} ORDER BY queue, pipeline_id, {_ORDER} LIMIT 1)"
    f" UNION ALL SELECT COALESCE(({_STEP.format(fit='')}),"
    f" (SELECT id FROM builds WHERE {IN_LINE} AND queue > last.queue"
    f" ORDER BY queue, pipeline_id, {_ORDER} LIMIT 1)) FROM heads JOIN builds last ON last.id = heads.id)"
    f"{_HEADS.format(count=_COUNT)}"
)
FIRST_OF_LINE = f"SELECT id FROM builds WHERE {_LINE} ORDER BY {_ORDER} LIMIT {_COUNTED}"
CLAIM_NEXT = (
    "UPDATE builds SET status = 'started', reason = '', claim = claim + 1, worker = ?, worker_instance = ?,"
    " started_at = ?, lease_expires_at = ?, last_event = 0, rung_by = ?"
    f" WHERE id = (SELECT id FROM builds WHERE {_LINE}{_FIT} ORDER BY {_ORDER} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
    f" AND {IN_LINE} AND NOT EXISTS (SELECT 1 FROM builds held WHERE held.status = 'started' AND held.rung_by = ?"
    f" AND held.worker = ? AND held.worker_instance = ?) {BUILDS.returning}"
)
HELD = f"{BUILDS.select} WHERE status = 'started' AND rung_by = ? AND worker = ? AND worker_instance = ?"
RUNG_AGAIN = (
    "UPDATE builds SET rung_by = NULL WHERE status = 'started' AND rung_by = ? AND worker = ? AND worker_instance = ?"
    " AND last_event > 0 AND started_at <"
    " (SELECT waiting.dispatched_at FROM builds waiting WHERE waiting.id = ? AND waiting.status = 'pending')"
)


class SqlBuildLines:
    """The part of `BuildRepository` that is about who is next."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lines_beside(self, build_id: int, level: int = ANY_LEVEL) -> list[WaitingLine]:
        """See `BuildRepository`. Costs as much as there are pipelines in the answer, however many builds wait."""
        rows = self._session.rows(LINES_BESIDE, (build_id, level, level))
        return [WaitingLine(head=row[0], queue=row[1], pipeline_id=row[2], team=row[3], level=level) for row in rows]

    def lines(self) -> list[WaitingLine]:
        """See `BuildRepository`. Costs as much as there are lines in the answer."""
        rows = self._session.rows(LINES)
        return [WaitingLine(head=row[0], queue=row[1], pipeline_id=row[2], team=row[3], builds=row[4]) for row in rows]

    def first_of(self, line: WaitingLine) -> list[int]:
        """See `BuildRepository`."""
        return [row[0] for row in self._session.rows(FIRST_OF_LINE, (line.queue, line.pipeline_id))]

    def claim_next(
        self, line: WaitingLine, rung_by: int, worker: str, instance: str, now: float, lease_until: float
    ) -> Build | None:
        """See `BuildRepository`. `last_event` starts anew, since events are numbered within a claim."""
        by = key_text(worker, "the worker's name"), key_text(instance, "the worker's instance")
        values = (*by, now, lease_until, rung_by, line.queue, line.pipeline_id, line.level, rung_by, *by)
        rows = self._session.change(CLAIM_NEXT, values)
        return BUILDS.read(rows[0]) if rows else None

    def held(self, rung_by: int, worker: str, instance: str) -> Build | None:
        """See `BuildRepository`."""
        by = key_text(worker, "the worker's name"), key_text(instance, "the worker's instance")
        rows = self._session.rows(HELD, (rung_by, *by))
        return BUILDS.read(rows[0]) if rows else None

    def is_rung_again(self, rung_by: int, worker: str, instance: str) -> bool:
        """See `BuildRepository`."""
        by = key_text(worker, "the worker's name"), key_text(instance, "the worker's instance")
        return self._session.write(RUNG_AGAIN, (rung_by, *by, rung_by)) > 0
