"""Builds: making, finding, changing and deleting them."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from msgspec.structs import replace

from pikoci.internal.domain.build import FINAL, Build, BuildStatus, InputChoice
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.pipeline import Page
from pikoci.internal.store.build_leases import SqlBuildLeases
from pikoci.internal.store.build_lines import SqlBuildLines
from pikoci.internal.store.build_parts import SqlBuildParts
from pikoci.internal.store.session import batches, marks
from pikoci.internal.store.tables import ACTIVE, BUILDS
from pikoci.internal.store.values import Key, decode_cursor, encode_cursor

_ENDED = ", ".join(f"'{status.value}'" for status in sorted(FINAL))
_NEWEST = 2**63 - 1

INSERT = f"{BUILDS.insert()} RETURNING id"
GET = f"{BUILDS.select} WHERE id = ?"
LOCK = f"{GET} FOR NO KEY UPDATE"
FIND = f"{BUILDS.select} WHERE job_id = ? AND number = ? AND retry = ?"
SAVE = f"UPDATE builds SET {BUILDS.assignments} WHERE id = ?"
PENDING = (
    f"{BUILDS.select} WHERE {ACTIVE} AND job_id = ? AND status = 'pending' AND dispatched_at IS NULL"
    " AND inputs_resolved = ? ORDER BY id LIMIT ? FOR NO KEY UPDATE"
)
NEXT_NUMBER = "UPDATE jobs SET last_number = last_number + 1 WHERE id = ? RETURNING last_number"
NEXT_RETRY = "SELECT COALESCE(MAX(retry), 0) + 1 FROM builds WHERE job_id = ? AND number = ?"
COUNT_BY_STATUS = f"SELECT status, COUNT(*) FROM builds WHERE {ACTIVE} GROUP BY status"
NEWEST_ENDED = (
    f"SELECT id FROM builds WHERE job_id = ? AND id < ? AND status IN ({_ENDED}) ORDER BY id DESC LIMIT 1 OFFSET ?"
)
BEYOND = f"SELECT id FROM builds WHERE job_id = ? AND id <= ? AND status IN ({_ENDED}) ORDER BY id LIMIT ?"
ENDED_BEFORE = (
    "SELECT id FROM builds WHERE job_id = ? AND finished_at IS NOT NULL AND finished_at < ?"
    f" AND status IN ({_ENDED}) ORDER BY finished_at LIMIT ?"
)


def count_active_sql(jobs: int) -> str:
    """The statement that counts the running builds of that many jobs."""
    return (
        f"SELECT job_id, COUNT(*) FROM builds WHERE {ACTIVE} AND job_id IN ({marks(jobs)})"
        " AND (status = 'started' OR (status = 'pending' AND dispatched_at IS NOT NULL)) GROUP BY job_id"
    )


def list_sql(*, job: bool, pipeline: bool, statuses: int) -> str:
    """The statement for a page of builds with these filters."""
    conditions = [
        *(["job_id = ?"] if job else []),
        # With a job given, the pipeline says nothing new; the + keeps SQLite from taking that index.
        *((["+pipeline_id = ?"] if job else ["pipeline_id = ?"]) if pipeline else []),
        "id < ?",
        *([f"status IN ({marks(statuses)})"] if statuses else []),
    ]
    return f"{BUILDS.select} WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?"


class SqlBuilds(SqlBuildLeases, SqlBuildLines, SqlBuildParts):
    """Implements `BuildRepository`."""

    def create(self, build: Build, inputs: Sequence[InputChoice] = ()) -> Build:
        """See `BuildRepository`. Raises NotFoundError when the job is gone."""
        number, retry = self._allot(build)
        draft = replace(build, number=number, retry=retry)
        made = replace(draft, id=self._session.change(INSERT, BUILDS.values(draft))[0][0])
        if inputs:
            self._insert_inputs(made.id, made.job_id, number, retry, inputs)
        return made

    def get(self, build_id: int) -> Build | None:
        """See `BuildRepository`."""
        rows = self._session.rows(GET, (build_id,))
        return BUILDS.read(rows[0]) if rows else None

    def lock(self, build_id: int) -> Build | None:
        """See `BuildRepository`."""
        rows = self._session.change(LOCK, (build_id,))
        return BUILDS.read(rows[0]) if rows else None

    def find(self, job_id: int, number: int, retry: int) -> Build | None:
        """See `BuildRepository`."""
        rows = self._session.rows(FIND, (job_id, number, retry))
        return BUILDS.read(rows[0]) if rows else None

    def list(
        self,
        *,
        job_id: int | None = None,
        pipeline_id: int | None = None,
        statuses: Sequence[BuildStatus] = (),
        limit: int,
        cursor: str | None,
    ) -> Page[Build]:
        """See `BuildRepository`. Raises InvalidError for a cursor that it did not make."""
        before = _NEWEST if cursor is None else decode_cursor(cursor, tuple[Key])[0]
        filters = [value for value in (job_id, pipeline_id) if value is not None]
        sql = list_sql(job=job_id is not None, pipeline=pipeline_id is not None, statuses=len(statuses))
        rows = self._session.rows(sql, (*filters, before, *(status.value for status in statuses), limit + 1))
        items = [BUILDS.read(row) for row in rows[:limit]]
        return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit and items else None)

    def save(self, build: Build) -> None:
        """See `BuildRepository`."""
        self._session.write(SAVE, (*BUILDS.changing(build), build.id))

    def pending(self, job_id: int, *, resolved: bool, limit: int) -> builtins.list[Build]:
        """See `BuildRepository`."""
        return [BUILDS.read(row) for row in self._session.change(PENDING, (job_id, resolved, limit))]

    def count_active(self, job_ids: Sequence[int]) -> dict[int, int]:
        """See `BuildRepository`. Jobs without any are there too, with 0."""
        counts = dict.fromkeys(job_ids, 0)
        for batch in batches(list(counts)):
            counts.update((row[0], row[1]) for row in self._session.rows(count_active_sql(len(batch)), batch))
        return counts

    def count_by_status(self) -> dict[BuildStatus, int]:
        """See `BuildRepository`. Every such status is there, if with 0."""
        counts = {status: 0 for status in BuildStatus if not status.is_final}
        counts.update((BuildStatus(row[0]), row[1]) for row in self._session.rows(COUNT_BY_STATUS))
        return counts

    def newest_ended(self, job_id: int, *, below: int | None, skip: int) -> int | None:
        """See `BuildRepository`. Reads `skip` rows, and those of builds that have not ended."""
        row = self._session.row(NEWEST_ENDED, (job_id, _NEWEST if below is None else below, skip))
        return row[0] if row else None

    def prunable(self, job_id: int, *, up_to: int, before: float | None, limit: int) -> builtins.list[int]:
        """See `BuildRepository`. Oldest first."""
        found: set[int] = set()
        if up_to:
            found.update(row[0] for row in self._session.rows(BEYOND, (job_id, up_to, limit)))
        if before is not None:
            found.update(row[0] for row in self._session.rows(ENDED_BEFORE, (job_id, before, limit)))
        return sorted(found)[:limit]

    def delete(self, build_ids: Sequence[int]) -> None:
        """See `BuildRepository`."""
        for batch in batches(sorted(build_ids)):
            self._session.write(f"DELETE FROM builds WHERE id IN ({marks(len(batch))})", batch)

    def _allot(self, build: Build) -> tuple[int, int]:
        if build.number == 0:
            rows = self._session.change(NEXT_NUMBER, (build.job_id,))
        else:
            rows = self._session.change("SELECT id FROM jobs WHERE id = ? FOR NO KEY UPDATE", (build.job_id,))
        if not rows:
            raise NotFoundError("the job does not exist any more")
        if build.number == 0:
            return rows[0][0], 0
        return build.number, self._session.rows(NEXT_RETRY, (build.job_id, build.number))[0][0]
