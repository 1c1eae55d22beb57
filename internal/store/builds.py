"""Builds: making, finding, changing and deleting them."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from operator import attrgetter

from msgspec.structs import replace

from pikoci.internal.domain.build import FINAL, Build, BuildStatus, InputChoice
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.pipeline import Page
from pikoci.internal.store.build_leases import SqlBuildLeases
from pikoci.internal.store.build_lines import SqlBuildLines
from pikoci.internal.store.build_parts import SqlBuildParts
from pikoci.internal.store.build_slots import SqlBuildSlots
from pikoci.internal.store.build_votes import SqlBuildVotes
from pikoci.internal.store.newest import BEYOND_ALL, list_sql
from pikoci.internal.store.session import batches, marks
from pikoci.internal.store.tables import ACTIVE, BUILDS
from pikoci.internal.store.values import Key, decode_cursor, encode_cursor

_ENDED = ", ".join(f"'{status.value}'" for status in sorted(FINAL))

INSERT = f"{BUILDS.insert()} RETURNING id"
GET = f"{BUILDS.select} WHERE id = ?"
LOCK = f"{GET} FOR NO KEY UPDATE"
FIND = f"{BUILDS.select} WHERE job_id = ? AND number = ? AND retry = ?"
SAVE = f"UPDATE builds SET {BUILDS.assignments} WHERE id = ?"
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


def recall_sql(owner: str) -> str:
    """The statement that takes published builds of an `owner` (its column) back from the workers' reach.

    SQLite reads no ended builds for it because all columns of an index are named, the id too.
    """
    return (
        "UPDATE builds SET dispatched_at = NULL, reason = '' WHERE id IN (SELECT id FROM builds"
        f" WHERE {ACTIVE} AND {owner} = ? AND status = 'pending' AND id > 0 AND dispatched_at IS NOT NULL"
        " ORDER BY id LIMIT ? FOR NO KEY UPDATE) RETURNING id"
    )


class SqlBuilds(SqlBuildLeases, SqlBuildLines, SqlBuildParts, SqlBuildSlots, SqlBuildVotes):
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
        """See `BuildRepository`. With a job given, the pipeline says nothing new."""
        before = BEYOND_ALL if cursor is None else decode_cursor(cursor, tuple[Key])[0]
        owner, owner_id = ("job_id", job_id) if job_id is not None else ("pipeline_id", pipeline_id)
        wanted = sorted(set(statuses))
        places = [(owner_id, one.value, before) for one in wanted] if wanted else [(owner_id, before)]
        params = [value for place in places for value in (*place, limit + 1)]
        rows = self._session.rows(list_sql(owner, wanted, guarded=self._session.guesses), params)
        among = wanted or list(BuildStatus)
        found = {build.id: build for build in map(BUILDS.read, rows) if build.id < before}
        own = [one for one in found.values() if getattr(one, owner) == owner_id and one.status in among]
        items = sorted(own, key=attrgetter("id"), reverse=True)
        more = len(items) > limit
        return Page(items=items[:limit], next=encode_cursor(items[limit - 1].id) if more else None)

    def save(self, build: Build) -> None:
        """See `BuildRepository`."""
        self._session.write(SAVE, (*BUILDS.changing(build), build.id))

    def recall(self, *, job_id: int | None = None, pipeline_id: int | None = None, limit: int) -> int:
        """See `BuildRepository`."""
        owner, owner_id = ("job_id", job_id) if job_id is not None else ("pipeline_id", pipeline_id)
        return len(self._session.change(recall_sql(owner), (owner_id, limit)))

    def count_by_status(self) -> dict[BuildStatus, int]:
        """See `BuildRepository`. Every such status is there, if with 0."""
        counts = {status: 0 for status in BuildStatus if not status.is_final}
        counts.update((BuildStatus(row[0]), row[1]) for row in self._session.rows(COUNT_BY_STATUS))
        return counts

    def newest_ended(self, job_id: int, *, below: int | None, skip: int) -> int | None:
        """See `BuildRepository`. Reads `skip` rows, and those of builds that have not ended."""
        row = self._session.row(NEWEST_ENDED, (job_id, BEYOND_ALL if below is None else below, skip))
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
