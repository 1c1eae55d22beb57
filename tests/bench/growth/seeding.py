"""Much of everything, in few statements: 100,000 builds take seconds.

The rows are written past the services. A column that a model has and that is not named here gets its default, so a new
one is filled without a word. What the program works out from rows and keeps elsewhere has to be added here.
"""

from __future__ import annotations

from typing import Any

from peewee import BlobField, BooleanField, Model, TextField

from pikoci.internal.store.build_models import Build, BuildStep, BuildVersion, LogChunk
from pikoci.internal.store.models import Job, Pipeline, PipelineSource, Version, Worker
from pikoci.internal.store.store import SqlStore

#: Ids are given in this order, so what is seeded first is the oldest.
_COUNTED = "WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < {count})"
#: When the oldest of the seeded builds was made, in seconds since the epoch; each next one is a second later.
BEGINNING = 1_000.0
#: What an ended build's status is: every tenth failed.
MIXED = "CASE WHEN i / 10 * 10 = i THEN 'failed' ELSE 'succeeded' END"
SUCCEEDED = "'succeeded'"


class Seeds:
    """Writes rows into a store that is migrated. Numbers of builds go on from what a job has."""

    def __init__(self, store: SqlStore) -> None:
        self._session = store.session
        self._is_postgresql = store.relay is not None
        self._bytes = "BYTEA" if self._is_postgresql else "BLOB"

    def ended(self, job: int, count: int, *, status: str = MIXED, parts: bool = False) -> None:
        """Builds that have ended; `status` is an expression. With `parts`, each has a step, a log and an input."""
        if not count:
            return
        times = {"created_at": "i + 0.0", "dispatched_at": "i + 0.0", "started_at": "i + 0.1", "finished_at": "i + 0.5"}
        shifted = {name: f"{BEGINNING} + {expression}" for name, expression in times.items()}
        first = self._last_id("builds") + 1
        self._builds(job, count, status=status, **shifted, worker="'w'", claim="1", log_size="15" if parts else "0")
        if parts:
            self._parts(f"job_id = {job} AND id >= {first}")

    def pending(self, job: int, count: int, *, dispatched: bool = False) -> None:
        """Builds that have their inputs and wait for a slot, or with `dispatched` for a worker."""
        if count:
            made = f"{BEGINNING} + i"
            self._builds(job, count, status="'pending'", created_at=made, dispatched_at=made if dispatched else "NULL")

    def versions(self, resource: int, count: int) -> int:
        """Versions in the order of a check; returns the id of the first. A check would not know them again."""
        text = "CAST(i AS TEXT)"
        given = {
            "resource_id": str(resource),
            "digest": f"CAST({text} AS {self._bytes})",
            "version": f"""'{{"v":"' || {text} || '"}}'""",
            "created_at": f"{BEGINNING} + i",
            "check_order": "i",
            "found_order": "i",
        }
        self._fill(Version, count, given)
        return self._last_id("versions") - count + 1

    def inputs(self, job: int, resource: int, first_version: int, get: str = "repo") -> None:
        """Let build number N of the job have taken the N-th version, counted from `first_version`."""
        given = {
            "build_id": "id",
            "is_output": "FALSE",
            "name": f"'{get}'",
            "version_id": f"{first_version - 1} + number",
            "resource_id": str(resource),
            "job_id": "job_id",
            "number": "number",
            "retry": "retry",
            "upstream": "'{}'",
        }
        self._copy(BuildVersion, given, f"job_id = {job}")

    def workers(self, count: int) -> None:
        """Workers that registered and run nothing."""
        given = {
            "name": "'seeded-' || CAST(i AS TEXT)",
            "instance": "'i'",
            "state": "'running'",
            "queues": """'["jobs","checks"]'""",
            "concurrency": "4",
            "tags": "'[]'",
            "registered_at": "1000000.0",
            "last_seen_at": "1000000.0",
        }
        self._fill(Worker, count, given)

    def pipelines(self, count: int) -> None:
        """Pipelines of team `main` with one job `run` each, as the pipeline `p` says it."""
        ((source, team),) = self._session.rows("SELECT id, team_id FROM pipelines WHERE name = 'p'")
        given = {"team_id": str(team), "name": "'seeded-' || CAST(i AS TEXT)", "revision": "1"}
        self._fill(Pipeline, count, given)
        made = f"pipelines WHERE id > {self._last_id('pipelines') - count}"
        copied = "(SELECT {0} FROM pipeline_sources WHERE pipeline_id = {1})"
        names = ("config", "variables", "spec")
        parts = {name: copied.format(name, source) for name in names}
        self._insert(PipelineSource, {"pipeline_id": "id", **parts}, made)
        self._insert(Job, {"pipeline_id": "id", "name": "'run'"}, made)

    def settle(self) -> None:
        """What a database does by itself in time: the planner learns of the rows."""
        if self._is_postgresql:
            with self._session.transaction(patient=True):
                self._session.write("ANALYZE")

    def _builds(self, job: int, count: int, **given: str) -> None:
        ((pipeline, last),) = self._session.rows("SELECT pipeline_id, last_number FROM jobs WHERE id = ?", (job,))
        same = {"pipeline_id": str(pipeline), "job_id": str(job), "number": f"{last} + i", "inputs_resolved": "TRUE"}
        self._fill(Build, count, {"created_by": "'seed'", **same, **given})
        with self._session.transaction():
            self._session.write("UPDATE jobs SET last_number = ? WHERE id = ?", (last + count, job))

    def _parts(self, builds: str) -> None:
        step = {"build_id": "id", "claim": "1", "step": "'1'", "name": "'t'", "kind": "'task'", "status": "'succeeded'"}
        self._copy(BuildStep, {**step, "try_number": "1", "exit_code": "0", "finished_at": "finished_at"}, builds)
        data = f"CAST('a line of a log' AS {self._bytes})"
        self._copy(LogChunk, {"build_id": "id", "size": "15", "step": "'1'", "at": "finished_at", "data": data}, builds)

    def _fill(self, model: type[Model], count: int, given: dict[str, str]) -> None:
        self._insert(model, given, "counted", _COUNTED.format(count=int(count)))

    def _copy(self, model: type[Model], given: dict[str, str], builds: str) -> None:
        self._insert(model, given, f"builds WHERE {builds}")

    def _insert(self, model: type[Model], given: dict[str, str], source: str, before: str = "") -> None:
        fields = [field for field in model._meta.sorted_fields if not field.auto_increment]
        named = {field.column_name: given.get(field.column_name) or _default(field) for field in fields}
        assert given.keys() <= named.keys(), given.keys() - named.keys()
        into = f"INSERT INTO {model._meta.table_name} ({', '.join(named)})"
        chosen = f"SELECT {', '.join(named.values())} FROM {source}"
        with self._session.transaction(patient=True):
            self._session.write(f"{into} {before} {chosen}")

    def _last_id(self, table: str) -> int:
        found = self._session.row(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
        assert found is not None
        return int(found[0])


def _default(field: Any) -> str:
    """What a row has that says nothing of the column, as an expression."""
    if field.default is not None:
        return repr(field.default).upper()  # a number, a text of nothing, or TRUE or FALSE
    if field.null:
        return "NULL"
    if isinstance(field, BooleanField):
        return "FALSE"
    if isinstance(field, BlobField):
        return "''"
    return "''" if isinstance(field, TextField) else "0"
