"""Jobs, and the requests to look at their inputs."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence

from pikoci.internal.domain.build import ACTIVE as STATUSES
from pikoci.internal.domain.build import Build, BuildStatus, Standing
from pikoci.internal.domain.pipeline import Job, JobOverview
from pikoci.internal.store.newest import BEYOND_ALL, newest_first
from pikoci.internal.store.session import Session, batches, marks
from pikoci.internal.store.tables import ACTIVE, BUILDS, FINISHED, JOBS
from pikoci.internal.store.values import key_text

#: Requests, not jobs, are locked: the caller locks jobs in id order, and one locked here could be out of that order.
TAKE = "SELECT id, job_id FROM scheduling_requests ORDER BY id LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
_ANY = f"EXISTS (SELECT 1 FROM builds b WHERE {ACTIVE} AND b.job_id = jobs.id AND b.status = '{{}}')"
_NOW = " ".join(f"WHEN {_ANY.format(status.value)} THEN '{status.value}'" for status in STATUSES)
_NEWEST = (
    "(SELECT CASE WHEN b.job_id = jobs.id THEN b.{} END FROM builds b WHERE {} AND "
    f"{newest_first('b.job_id, b.id', f'jobs.id, {BEYOND_ALL}')} LIMIT 1)"
)
_FINISHED = f"b.{FINISHED}"
_OVERVIEW = (
    f"SELECT {JOBS.columns}, {_NEWEST.format('id', 'TRUE')}, {_NEWEST.format('id', _FINISHED)}, CASE {_NOW} END"
    " FROM jobs"
)
OVERVIEW = f"{_OVERVIEW} WHERE id = ?"


def overviews_sql(pipelines: int) -> str:
    """The statement for the jobs of so many pipelines, each with its newest builds."""
    ids = marks(pipelines)
    return f"{_OVERVIEW} WHERE pipeline_id IN ({ids}) AND NOT archived ORDER BY pipeline_id, position, jobs.id"


def standings_sql(pipelines: int) -> str:
    """The statement that counts the jobs of so many pipelines by their last result and what goes on."""
    return (
        "SELECT pipeline_id, last, now, COUNT(*) FROM ("
        f"SELECT pipeline_id, {_NEWEST.format('status', _FINISHED)} AS last, CASE {_NOW} END AS now FROM jobs"
        f" WHERE pipeline_id IN ({marks(pipelines)}) AND NOT archived) AS standing"
        " GROUP BY pipeline_id, last, now ORDER BY 4 DESC, 2, 3"
    )


def move_sql(jobs: int) -> str:
    """The statement that gives so many jobs their places in the file; they are in it (again)."""
    return (
        f"WITH wished (id, position) AS (VALUES {marks(jobs, '(?, ?)')})"
        " UPDATE jobs SET position = wished.position, archived = FALSE FROM wished WHERE jobs.id = wished.id"
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
            made = [Job(id=0, pipeline_id=pipeline_id, name=name, position=place) for place, name in batch]
            self._session.write(JOBS.insert(len(made)), [value for job in made for value in JOBS.values(job)])
        places = ((place, known[name]) for place, name in enumerate(names) if name in known)
        moved = [(job.id, place) for place, job in places if job.position != place or job.archived]
        for batch in batches(moved):
            self._session.write(move_sql(len(batch)), [value for pair in batch for value in pair])
        wanted = set(names)
        gone = [job.id for name, job in known.items() if name not in wanted and not job.archived]
        for batch in batches(gone):
            self._session.write(f"UPDATE jobs SET archived = TRUE WHERE id IN ({marks(len(batch))})", batch)
        return self.list(pipeline_id)

    def get(self, job_id: int) -> Job | None:
        """See `JobRepository`."""
        row = self._session.row(f"{JOBS.select} WHERE id = ?", (job_id,))
        return JOBS.read(row) if row else None

    def find(self, pipeline_id: int, name: str) -> Job | None:
        """See `JobRepository`."""
        row = self._session.row(
            f"{JOBS.select} WHERE pipeline_id = ? AND name = ?",
            (pipeline_id, key_text(name, "the job's name")),
        )
        return JOBS.read(row) if row else None

    def list(self, pipeline_id: int, *, archived: bool = False) -> builtins.list[Job]:
        """See `JobRepository`."""
        return [job for job in self._all(pipeline_id) if archived or not job.archived]

    def overview(self, job_id: int) -> JobOverview | None:
        """See `JobRepository`."""
        return next(iter(self._overviews(OVERVIEW, [job_id])), None)

    def overviews(self, pipeline_ids: Sequence[int]) -> dict[int, builtins.list[JobOverview]]:
        """See `JobRepository`."""
        found: dict[int, list[JobOverview]] = {pipeline_id: [] for pipeline_id in pipeline_ids}
        for batch in batches(list(found)):
            for one in self._overviews(overviews_sql(len(batch)), batch):
                found[one.job.pipeline_id].append(one)
        return found

    def standings(self, pipeline_ids: Sequence[int]) -> dict[int, dict[Standing, int]]:
        """See `JobRepository`. Those first in which most jobs stand."""
        found: dict[int, dict[Standing, int]] = {pipeline_id: {} for pipeline_id in pipeline_ids}
        for batch in batches(list(found)):
            for pipeline_id, last, now, count in self._session.rows(standings_sql(len(batch)), batch):
                standing = Standing(BuildStatus(last) if last else None, BuildStatus(now) if now else None)
                found[pipeline_id][standing] = count
        return found

    def lock(self, job_ids: Sequence[int]) -> builtins.list[Job]:
        """See `JobRepository`."""
        if not job_ids:
            return []
        sql = f"{JOBS.select} WHERE id IN ({marks(len(job_ids))}) ORDER BY id FOR NO KEY UPDATE"
        return [JOBS.read(row) for row in self._session.change(sql, list(job_ids))]

    def set_paused(self, job_id: int, paused: bool) -> None:
        """See `JobRepository`."""
        self._session.write("UPDATE jobs SET paused = ? WHERE id = ?", (paused, job_id))

    def request_scheduling(self, job_ids: Sequence[int]) -> None:
        """See `JobRepository`. A second request is a second row: looking for the first would race with its taker."""
        for batch in batches(list(dict.fromkeys(job_ids))):
            sql = f"INSERT INTO scheduling_requests (job_id) VALUES {marks(len(batch), '(?)')}"
            self._session.write(sql, batch)

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
            rows = self._session.rows(f"{JOBS.select} WHERE id IN ({marks(len(batch))})", batch)
            found.update((job.id, job) for job in map(JOBS.read, rows))
        return [found[job_id] for job_id in job_ids if job_id in found]

    def _all(self, pipeline_id: int) -> builtins.list[Job]:
        sql = f"{JOBS.select} WHERE pipeline_id = ? ORDER BY archived, position, id"
        return [JOBS.read(row) for row in self._session.rows(sql, (pipeline_id,))]

    def _overviews(self, sql: str, params: Sequence[int]) -> Iterator[JobOverview]:
        rows = self._session.rows(sql, params)
        builds = self._builds([build_id for *_, latest, finished, _ in rows for build_id in (latest, finished)])
        for row in rows:
            job, (latest, finished, status) = JOBS.read(row), row[-3:]
            now = BuildStatus(status) if status else None
            yield JobOverview(job=job, latest=builds.get(latest), finished=builds.get(finished), now=now)

    def _builds(self, build_ids: Sequence[int | None]) -> dict[int | None, Build]:
        builds: dict[int | None, Build] = {}
        for batch in batches(sorted({build_id for build_id in build_ids if build_id is not None})):
            rows = self._session.rows(f"{BUILDS.select} WHERE id IN ({marks(len(batch))})", batch)
            builds.update((build.id, build) for build in map(BUILDS.read, rows))
        return builds
