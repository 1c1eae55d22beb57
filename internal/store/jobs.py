"""Jobs, and the requests to look at their inputs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from pikoci.internal.domain.build import ACTIVE as STATUSES
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.pipeline import Job, JobOverview
from pikoci.internal.store.build_rows import BUILD_COLUMNS, build_from
from pikoci.internal.store.indexes import ACTIVE
from pikoci.internal.store.session import Row, Session, batches, marks
from pikoci.internal.store.values import key_text

COLUMNS = "id, pipeline_id, name, position, paused, archived"

#: Requests, not jobs, are locked: the caller locks jobs in id order, and one locked here could be out of that order.
TAKE = "SELECT id, job_id FROM scheduling_requests ORDER BY id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
_ANY = f"EXISTS (SELECT 1 FROM builds b WHERE {ACTIVE} AND b.job_id = jobs.id AND b.status = '{{}}')"
_NOW = " ".join(f"WHEN {_ANY.format(status.value)} THEN '{status.value}'" for status in STATUSES)
OVERVIEW = (
    f"SELECT {COLUMNS},"
    " (SELECT b.id FROM builds b WHERE b.job_id = jobs.id ORDER BY b.id DESC LIMIT 1),"
    " (SELECT b.id FROM builds b WHERE b.job_id = jobs.id AND b.finished_at IS NOT NULL ORDER BY b.id DESC LIMIT 1),"
    f" CASE {_NOW} END"
    " FROM jobs WHERE pipeline_id IN ({ids}) AND NOT archived ORDER BY pipeline_id, position, jobs.id"
)


class SqlJobs:
    """Implements `JobRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def sync(self, pipeline_id: int, names: Sequence[str]) -> list[Job]:
        """See `JobRepository`."""
        known = {job.name: job for job in self._all(pipeline_id)}
        fresh = [(place, name) for place, name in enumerate(names) if name not in known]
        for batch in batches(fresh):
            values = [v for place, name in batch for v in (pipeline_id, key_text(name, "a job's name"), place)]
            self._session.write(
                "INSERT INTO jobs (pipeline_id, name, position, paused, archived, last_number) VALUES "
                + ", ".join(["(?, ?, ?, FALSE, FALSE, 0)"] * len(batch)),
                values,
            )
        for place, name in enumerate(names):
            job = known.get(name)
            if job and (job.position != place or job.archived):
                self._session.write("UPDATE jobs SET position = ?, archived = FALSE WHERE id = ?", (place, job.id))
        wanted = set(names)
        gone = [job.id for name, job in known.items() if name not in wanted and not job.archived]
        for batch in batches(gone):
            self._session.write(f"UPDATE jobs SET archived = TRUE WHERE id IN ({marks(len(batch))})", batch)
        return self.list(pipeline_id)

    def get(self, job_id: int) -> Job | None:
        """See `JobRepository`."""
        row = self._session.row(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (job_id,))
        return _job(row) if row else None

    def find(self, pipeline_id: int, name: str) -> Job | None:
        """See `JobRepository`."""
        row = self._session.row(
            f"SELECT {COLUMNS} FROM jobs WHERE pipeline_id = ? AND name = ?",
            (pipeline_id, key_text(name, "the job's name")),
        )
        return _job(row) if row else None

    def list(self, pipeline_id: int, *, archived: bool = False) -> builtins.list[Job]:
        """See `JobRepository`."""
        return [job for job in self._all(pipeline_id) if archived or not job.archived]

    def overviews(self, pipeline_ids: Sequence[int]) -> dict[int, builtins.list[JobOverview]]:
        """See `JobRepository`."""
        found: dict[int, list[JobOverview]] = {pipeline_id: [] for pipeline_id in pipeline_ids}
        for batch in batches(list(found)):
            rows = self._session.rows(OVERVIEW.format(ids=marks(len(batch))), batch)
            builds = self._builds([build_id for row in rows for build_id in row[6:8] if build_id is not None])
            for row in rows:
                now = BuildStatus(row[8]) if row[8] else None
                overview = JobOverview(job=_job(row), latest=builds.get(row[6]), finished=builds.get(row[7]), now=now)
                found[row[1]].append(overview)
        return found

    def lock(self, job_ids: Sequence[int]) -> builtins.list[Job]:
        """See `JobRepository`."""
        if not job_ids:
            return []
        sql = f"SELECT {COLUMNS} FROM jobs WHERE id IN ({marks(len(job_ids))}) ORDER BY id FOR NO KEY UPDATE"
        return [_job(row) for row in self._session.change(sql, list(job_ids))]

    def set_paused(self, job_id: int, paused: bool) -> None:
        """See `JobRepository`."""
        self._session.write("UPDATE jobs SET paused = ? WHERE id = ?", (paused, job_id))

    def request_scheduling(self, job_ids: Sequence[int]) -> None:
        """See `JobRepository`. A second request is a second row: looking for the first would race with its taker."""
        for batch in batches(list(dict.fromkeys(job_ids))):
            groups = ", ".join(["(?)"] * len(batch))
            self._session.write(f"INSERT INTO scheduling_requests (job_id) VALUES {groups}", batch)

    def take_scheduling_requests(self, limit: int) -> builtins.list[Job]:
        """See `JobRepository`. Other requests for the same jobs are cleared along with them."""
        job_ids = list(dict.fromkeys(row[1] for row in self._session.change(TAKE, (limit,))))
        found: dict[int, Job] = {}
        for batch in batches(job_ids):
            self._session.change(
                "DELETE FROM scheduling_requests WHERE id IN (SELECT id FROM scheduling_requests"
                f" WHERE job_id IN ({marks(len(batch))}) FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
                batch,
            )
            rows = self._session.rows(f"SELECT {COLUMNS} FROM jobs WHERE id IN ({marks(len(batch))})", batch)
            found.update((row[0], _job(row)) for row in rows)
        return [found[job_id] for job_id in job_ids if job_id in found]

    def _all(self, pipeline_id: int) -> builtins.list[Job]:
        sql = f"SELECT {COLUMNS} FROM jobs WHERE pipeline_id = ? ORDER BY archived, position, id"
        return [_job(row) for row in self._session.rows(sql, (pipeline_id,))]

    def _builds(self, build_ids: Sequence[int]) -> dict[int, Build]:
        builds: dict[int, Build] = {}
        for batch in batches(sorted(set(build_ids))):
            rows = self._session.rows(f"SELECT {BUILD_COLUMNS} FROM builds WHERE id IN ({marks(len(batch))})", batch)
            builds.update((row[0], build_from(row)) for row in rows)
        return builds


def _job(row: Row) -> Job:
    return Job(id=row[0], pipeline_id=row[1], name=row[2], position=row[3], paused=bool(row[4]), archived=bool(row[5]))
