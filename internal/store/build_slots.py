"""Builds and slots: which wait for one, and which jobs' builds have one."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.build import Build
from pikoci.internal.store.session import Session, batches, marks
from pikoci.internal.store.tables import ACTIVE, BUILDS, HAS_SLOT, WAITS

PENDING = f"{BUILDS.select} WHERE {WAITS} AND job_id = ? AND inputs_resolved = ? ORDER BY id LIMIT ? FOR NO KEY UPDATE"
PLACE = f"SELECT id FROM builds WHERE {WAITS} AND job_id = ? AND inputs_resolved = TRUE ORDER BY id LIMIT 1 OFFSET ?"
#: The newest build of the job that waits with its inputs, and was made after the build beside it, with a higher number.
_NEWER = (
    f"SELECT newer.id FROM builds newer WHERE newer.job_id = builds.job_id AND {ACTIVE} AND newer.status = 'pending'"
    " AND newer.inputs_resolved = TRUE AND newer.id > builds.id"
    " AND (newer.number, newer.retry) > (builds.number, builds.retry) ORDER BY newer.id DESC LIMIT 1"
)
OVERTAKEN = (
    f"SELECT {BUILDS.columns}, ({_NEWER}) FROM builds WHERE job_id = ? AND {ACTIVE}"
    f" AND inputs_resolved = TRUE AND cancel_requested_at IS NULL AND EXISTS ({_NEWER})"
    " ORDER BY builds.id LIMIT ? FOR NO KEY UPDATE"
)


def fronts_sql(jobs: int) -> str:
    """The statement for the oldest of the first builds of that many jobs' lines: one look into the index for each."""
    line = f"{WAITS} AND job_id = jobs.id AND inputs_resolved = TRUE"
    front = f"(SELECT b.id FROM builds b WHERE {line} ORDER BY b.id LIMIT 1)"
    return (
        f"{BUILDS.select} WHERE {WAITS} AND id IN (SELECT {front} FROM jobs WHERE id IN ({marks(jobs)}))"
        " ORDER BY id LIMIT ? FOR NO KEY UPDATE"
    )


def count_active_sql(jobs: int) -> str:
    """The statement that counts the builds with slots of that many jobs."""
    return f"SELECT job_id, COUNT(*) FROM builds WHERE {HAS_SLOT} AND job_id IN ({marks(jobs)}) GROUP BY job_id"


def running_sql(jobs: int) -> str:
    """The statement for the newest started build of each of that many jobs."""
    return (
        f"{BUILDS.select} WHERE id IN (SELECT MAX(id) FROM builds WHERE {HAS_SLOT} AND status = 'started'"
        f" AND job_id IN ({marks(jobs)}) GROUP BY job_id)"
    )


class SqlBuildSlots:
    """The part of `BuildRepository` that is about slots and the lines before them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pending(self, job_id: int, *, resolved: bool, limit: int) -> list[Build]:
        """See `BuildRepository`."""
        return [BUILDS.read(row) for row in self._session.change(PENDING, (job_id, resolved, limit))]

    def fronts(self, job_ids: Sequence[int], limit: int) -> list[Build]:
        """See `BuildRepository`."""
        rows = self._session.change(fronts_sql(len(job_ids)), (*job_ids, limit)) if job_ids else []
        return [BUILDS.read(row) for row in rows]

    def overtaken(self, job_id: int, limit: int) -> list[tuple[Build, int]]:
        """See `BuildRepository`."""
        return [(BUILDS.read(row), row[-1]) for row in self._session.change(OVERTAKEN, (job_id, limit))]

    def place(self, job_id: int, place: int) -> int | None:
        """See `BuildRepository`."""
        row = self._session.row(PLACE, (job_id, place - 1))
        return row[0] if row else None

    def count_active(self, job_ids: Sequence[int]) -> dict[int, int]:
        """See `BuildRepository`. Jobs without any are there too, with 0."""
        counts = dict.fromkeys(job_ids, 0)
        for batch in batches(list(counts)):
            counts.update((row[0], row[1]) for row in self._session.rows(count_active_sql(len(batch)), batch))
        return counts

    def running(self, job_ids: Sequence[int]) -> dict[int, Build]:
        """See `BuildRepository`."""
        found: dict[int, Build] = {}
        for batch in batches(list(dict.fromkeys(job_ids))):
            rows = self._session.rows(running_sql(len(batch)), batch)
            found.update((build.job_id, build) for build in map(BUILDS.read, rows))
        return found
