"""How far jobs have come, so that a search in vain reads on from there.

The builds of a job get their ids one after the other: whoever makes one has the job locked until the commit. So what is
above the greatest id that is seen is new, and of what is below it only those can still succeed that have not ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pikoci.internal.domain.build import ACTIVE as STATUSES
from pikoci.internal.store.session import Session, marks
from pikoci.internal.store.tables import ACTIVE, PASSED_STATUS

#: Builds that have not ended, of one status of one job, that a mark names.
OPEN = 100
#: Builds that are looked at one by one.
MOST_NEW = 100

LAST = "SELECT MAX(id) FROM builds WHERE job_id = ?"
# One statement, which sees one moment: a build that starts between two of them would be in neither. The order of the
# conditions makes SQLite take the index that has the order as well.
UNENDED = " UNION ALL ".join(
    f"SELECT id, status FROM (SELECT id, status FROM builds WHERE status = '{status.value}' AND job_id = ? AND {ACTIVE}"
    f" ORDER BY id LIMIT {OPEN + 1}) found"
    for status in STATUSES
)
_NEW_OF_JOB = (
    "SELECT id, job_id FROM (SELECT id, job_id FROM builds WHERE job_id = ? AND id > ?"
    f" AND {PASSED_STATUS} ORDER BY id LIMIT {MOST_NEW + 1}) fresh"
)


def toggles_sql(resources: int) -> str:
    """The statement that tells how often versions of so many resources were enabled or disabled."""
    return f"SELECT id, toggles FROM resources WHERE id IN ({marks(resources)}) ORDER BY id"


def succeeded_sql(builds: int) -> str:
    """The statement for those of so many builds that succeeded."""
    return f"SELECT id, job_id FROM builds WHERE id IN ({marks(builds)}) AND {PASSED_STATUS}"


def new_sql(jobs: int) -> str:
    """The statement for the builds of so many jobs, each above its own id, that succeeded; of each the first ones."""
    # One job at a time: PostgreSQL reads the whole table of builds to join it with a list of jobs.
    return " UNION ALL ".join([_NEW_OF_JOB] * jobs)


@dataclass(frozen=True, slots=True)
class Mark:
    """For each job its name, the greatest build id that was seen, and the builds up to it that had not ended."""

    names: dict[int, str]
    last: dict[int, int]
    unended: list[int]
    toggles: list[tuple[int, int]]


class Marks:
    """Takes marks and compares them with what is now."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, names: dict[int, str], resource_ids: Sequence[int]) -> Mark:
        """A mark of now."""
        toggles = self._toggles(resource_ids)
        last: dict[int, int] = {}
        unended: list[int] = []
        for job_id in names:
            last[job_id], of_job = self._job(job_id)
            unended += of_job
        return Mark(names, last, unended, toggles)

    def new(self, mark: Mark) -> dict[str, list[int]] | None:
        """By job's name the builds that succeeded since; None where they are too many, or a version was toggled."""
        if self._toggles([resource_id for resource_id, _ in mark.toggles]) != mark.toggles:
            return None
        seen = [value for pair in mark.last.items() for value in pair]
        found = self._session.rows(new_sql(len(mark.last)), seen) if seen else []
        if mark.unended:
            found += self._session.rows(succeeded_sql(len(mark.unended)), mark.unended)
        if len(found) > MOST_NEW:
            return None
        by_job: dict[str, list[int]] = {}
        for build_id, job_id in found:
            by_job.setdefault(mark.names[job_id], []).append(build_id)
        return by_job

    def _job(self, job_id: int) -> tuple[int, list[int]]:
        # The greatest id comes first: a build that is made after this statement is above it, and so it is new.
        row = self._session.row(LAST, (job_id,))
        last = row[0] or 0 if row else 0
        found: dict[str, list[int]] = {}
        for build_id, status in self._session.rows(UNENDED, [job_id] * len(STATUSES)):
            found.setdefault(status, []).append(build_id)
        for ids in found.values():
            if len(ids) > OPEN:
                last = min(last, max(ids) - 1)
        return last, [build_id for ids in found.values() for build_id in ids if build_id <= last]

    def _toggles(self, resource_ids: Sequence[int]) -> list[tuple[int, int]]:
        rows = self._session.rows(toggles_sql(len(resource_ids)), resource_ids)
        return [(row[0], row[1]) for row in rows]
