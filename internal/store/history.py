"""What input resolution reads, answered by indexed queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from pikoci.internal.domain.inputs import Build, Need, Use
from pikoci.internal.store.history_marks import Mark, Marks
from pikoci.internal.store.resources import splits
from pikoci.internal.store.session import Row, Session, marks
from pikoci.internal.store.tables import PASSED_STATUS

#: Rows of the first page and the longest: most callers want one item, some want hundreds.
FIRST_PAGE, LAST_PAGE = 2, 128

NEWEST = (
    "SELECT id FROM versions WHERE resource_id = ? AND check_order IS NOT NULL AND NOT disabled"
    " ORDER BY check_order DESC LIMIT 1"
)
FOUND = "SELECT found_order FROM versions WHERE id = ?"
AFTER = (
    "SELECT id, found_order FROM versions WHERE resource_id = ? AND found_order > ? AND NOT disabled"
    " ORDER BY found_order LIMIT ?"
)
#: From the newest version back to one that was used: few steps, where a job keeps up with its versions.
LAST_USE = (
    "SELECT version_id, upstream FROM build_versions WHERE job_id = ? AND name = ? AND is_output = FALSE"
    " AND version_id = (SELECT v.id FROM versions v WHERE v.resource_id = ? AND v.found_order IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM build_versions u WHERE u.job_id = ? AND u.name = ? AND u.version_id = v.id"
    " AND u.is_output = FALSE) ORDER BY v.found_order DESC LIMIT 1)"
    " ORDER BY number DESC, retry DESC LIMIT 1"
)
LAST_USE_WITHOUT_PLACE = (
    "SELECT version_id, upstream FROM build_versions WHERE job_id = ? AND resource_id = ? AND name = ?"
    " AND is_output = FALSE ORDER BY number DESC, retry DESC LIMIT 1"
)
USED = "SELECT 1 FROM build_versions WHERE job_id = ? AND name = ? AND version_id = ? AND is_output = FALSE LIMIT 1"
#: No job of a list has yet to let a version through.
PASSED = (
    "NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id IN ({jobs}) AND NOT EXISTS (SELECT 1 FROM build_versions p"
    " CROSS JOIN builds pb WHERE p.job_id = j.id AND p.version_id = h.version_id AND pb.id = p.build_id"
    f" AND pb.{PASSED_STATUS}))"
)


def need_sql(*, version: bool, passed: int) -> str:
    """The condition that the build `d` holds a resource, in a version if one is given, that passed so many jobs."""
    return (
        "EXISTS (SELECT 1 FROM build_versions h CROSS JOIN versions v WHERE h.build_id = d.build_id"
        f" AND h.resource_id = ?{' AND h.version_id = ?' if version else ''} AND v.id = h.version_id AND NOT v.disabled"
        f"{' AND ' + PASSED.format(jobs=marks(passed)) if passed else ''})"
    )


def builds_sql(*, version: bool, needs: Sequence[str], newest_first: bool) -> str:
    """The statement for a page of builds, found by a version or by a resource, that meet `needs` (EXISTS conditions).

    CROSS JOIN tells SQLite in which order to look; PostgreSQL takes it as any join.
    """
    comparison, direction = ("<", "DESC") if newest_first else (">", "ASC")
    return (
        "SELECT d.build_id, d.number, d.retry FROM build_versions d CROSS JOIN builds b"
        f" WHERE d.job_id = ? AND {'d.version_id' if version else 'd.resource_id'} = ?"
        f" AND (d.number, d.retry) {comparison} (?, ?) AND b.id = d.build_id AND b.{PASSED_STATUS}"
        f" AND {' AND '.join(needs)} ORDER BY d.number {direction}, d.retry {direction} LIMIT ?"
    )


def held_sql(builds: int) -> str:
    """The statement for the enabled versions that builds hold, those put out first, the last one of them first."""
    return (
        "SELECT h.build_id, r.type, r.name, h.version_id, h.is_output"
        " FROM build_versions h CROSS JOIN versions v CROSS JOIN resources r"
        f" WHERE h.build_id IN ({marks(builds)}) AND v.id = h.version_id AND NOT v.disabled AND r.id = h.resource_id"
        " ORDER BY h.build_id, h.is_output DESC,"
        " CASE WHEN h.is_output THEN h.version_id END DESC, h.name, h.version_id"
    )


class SqlHistory:
    """Implements `History` for one pipeline, for the length of one resolution: it remembers ids of names.

    The guarantee of one snapshot is the transaction's: SQLite's always, PostgreSQL's with `transaction(snapshot=True)`.
    """

    def __init__(self, session: Session, pipeline_id: int) -> None:
        self._session = session
        self._pipeline_id = pipeline_id
        self._marks = Marks(session)
        self._jobs: dict[str, int | None] = {}
        self._resources: dict[str, int | None] = {}

    def newest(self, resource: str) -> int | None:
        """See `History`."""
        row = self._session.row(NEWEST, (self._resource(resource),))
        return row[0] if row else None

    def after(self, resource: str, version: int) -> Iterator[int]:
        """See `History`."""
        found = self._session.row(FOUND, (version,))
        if found is None or found[0] is None:
            return
        size, last = FIRST_PAGE, found[0]
        while True:
            rows = self._session.rows(AFTER, (self._resource(resource), last, size))
            for row in rows:
                yield row[0]
            if len(rows) < size:
                return
            last, size = rows[-1][1], min(size * 4, LAST_PAGE)

    def builds(self, job: str, holding: Collection[Need], start: int | None = None) -> Iterator[Build]:
        """See `History`. Where `start` was deleted, all builds of the job are later: retention deletes the oldest."""
        job_id = self._job(job)
        if job_id is None or not holding or not self._known(holding):
            return
        # A version leads to few builds, a resource to nearly all of them.
        leader = next((need for need in holding if need.version is not None), next(iter(holding)))
        by_version = leader.version is not None
        needs = [need_sql(version=need.version is not None, passed=len(need.passed)) for need in holding]
        sql = builds_sql(version=by_version, needs=needs, newest_first=start is None)
        key = leader.version if by_version else self._resource(leader.resource)
        conditions = [value for need in holding for value in self._condition(need)]
        place: Row = (2**63 - 1, 0) if start is None else self._before(start, job_id)
        size = FIRST_PAGE
        while True:
            rows = self._session.rows(sql, (job_id, key, *place, *conditions, size))
            yield from self._loaded(job, list(dict.fromkeys(row[0] for row in rows)))
            if len(rows) < size:
                return
            place, size = rows[-1][1:], min(size * 4, LAST_PAGE)

    def last_use(self, job: str, get: str, resource: str) -> Use | None:
        """See `History`."""
        job_id, resource_id = self._job(job), self._resource(resource)
        row = self._session.row(LAST_USE, (job_id, get, resource_id, job_id, get))
        row = row or self._session.row(LAST_USE_WITHOUT_PLACE, (job_id, resource_id, get))
        return Use(row[0], msgspec.json.decode(row[1])) if row else None

    def used(self, job: str, get: str, version: int) -> bool:
        """See `History`."""
        return self._session.row(USED, (self._job(job), get, version)) is not None

    def mark(self, jobs: Sequence[str], resources: Sequence[str]) -> Mark | None:
        """See `History`."""
        names = {self._job(job) or 0: job for job in jobs}
        resource_ids = [self._resource(resource) or 0 for resource in resources]
        return None if 0 in names or 0 in resource_ids else self._marks.take(names, resource_ids)

    def since(self, mark: object) -> list[Build] | None:
        """See `History`."""
        new = self._marks.new(mark) if isinstance(mark, Mark) else None
        return None if new is None else [build for job, ids in new.items() for build in self._loaded(job, ids)]

    def _known(self, needs: Collection[Need]) -> bool:
        return all(
            self._resource(need.resource) is not None and all(self._job(job) is not None for job in need.passed)
            for need in needs
        )

    def _condition(self, need: Need) -> list[int | None]:
        version = [] if need.version is None else [need.version]
        return [self._resource(need.resource), *version, *(self._job(job) for job in need.passed)]

    def _loaded(self, job: str, build_ids: list[int]) -> Iterator[Build]:
        if not build_ids:
            return
        held: dict[int, dict[tuple[str, int], bool]] = {}
        rows: list[Row] = self._session.rows(held_sql(len(build_ids)), build_ids)
        for build_id, kind, name, version, is_output in rows:
            held.setdefault(build_id, {}).setdefault((f"{kind}.{name}", version), bool(is_output))
        for build_id in build_ids:
            found = held.get(build_id, {})
            yield Build(build_id, job, tuple(found), put_out=sum(found.values()))

    def _before(self, build_id: int, job_id: int) -> tuple[int, int]:
        """What the place of the build comes right after."""
        row = self._session.row("SELECT number, retry FROM builds WHERE id = ? AND job_id = ?", (build_id, job_id))
        return (row[0], row[1] - 1) if row else (0, 0)

    def _job(self, name: str) -> int | None:
        if name not in self._jobs:
            row = self._session.row("SELECT id FROM jobs WHERE pipeline_id = ? AND name = ?", (self._pipeline_id, name))
            self._jobs[name] = row[0] if row else None
        return self._jobs[name]

    def _resource(self, canonical: str) -> int | None:
        if canonical not in self._resources:
            sql = "SELECT id FROM resources WHERE pipeline_id = ? AND type = ? AND name = ?"
            rows = (self._session.row(sql, (self._pipeline_id, *split)) for split in splits(canonical))
            self._resources[canonical] = next((row[0] for row in rows if row), None)
        return self._resources[canonical]
