"""What is read of a long history does not grow with it, whatever PostgreSQL believes of the data."""

from collections.abc import Iterator
from typing import Any

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.store import StoreSettings, audit, history_marks, jobs
from pikoci.internal.store.builds import recall_sql
from pikoci.internal.store.newest import BEYOND_ALL, list_sql
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

BUILDS = 20_000
_PAST = (
    "INSERT INTO builds (pipeline_id, job_id, number, retry, status, reason, created_by, created_at, finished_at,"
    " claim, requeues, cancel_reason, inputs_resolved, last_event, log_size, log_deleted)"
    " SELECT ?, ?, n, 0, CASE WHEN n < 3000 THEN 'failed' ELSE 'succeeded' END, '', '', n, n, 1, 0, '',"
    " TRUE, 1, 0, TRUE FROM generate_series(1, ?) n"
)


@pytest.fixture
def settings(postgresql_settings: StoreSettings) -> StoreSettings:
    return postgresql_settings


@pytest.fixture
def past(store: SqlStore, world: World) -> tuple[int, int, int]:
    """A job with a long history that failed in its beginning only, one that was never built, and their pipeline."""
    old, new = world.jobs("old", "new")
    with store.transaction():
        store.session.write(_PAST, (old.pipeline_id, old.id, BUILDS))
    with store.transaction():
        store.session.write("ANALYZE")
    return old.id, new.id, old.pipeline_id


def rows_read(store: SqlStore, sql: str, *params: object, table: str = "builds") -> int:
    """How many rows of a table a statement looks at, those that it drops included."""
    with store.transaction():
        ((found,),) = store.session.change(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
    return sum(_scanned(found[0]["Plan"], table))


def _scanned(node: dict[str, Any], table: str) -> Iterator[int]:
    for inner in node.get("Plans", ()):
        yield from _scanned(inner, table)
    if node.get("Relation Name") == table and "Scan" in node["Node Type"]:
        dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield (node["Actual Rows"] + dropped) * node["Actual Loops"]


def test_overviews_read_a_few_rows_a_job(store: SqlStore, past: tuple[int, int, int]) -> None:
    old, new, pipeline = past
    assert 2 <= rows_read(store, jobs.OVERVIEW, old) <= 10
    assert rows_read(store, jobs.OVERVIEW, new) <= 10
    assert rows_read(store, jobs.overviews_sql(1), pipeline) <= 20
    assert rows_read(store, jobs.standings_sql(1), pipeline) <= 20


@pytest.mark.parametrize("status", [None, BuildStatus.SUCCEEDED, BuildStatus.FAILED, BuildStatus.PENDING])
def test_lists_read_no_more_than_a_page(
    store: SqlStore, past: tuple[int, int, int], status: BuildStatus | None
) -> None:
    statuses = [] if status is None else [status]
    place = [one.value for one in statuses]
    for owner, owner_id in (("job_id", past[0]), ("job_id", past[1]), ("pipeline_id", past[2])):
        for below in (BEYOND_ALL, BUILDS // 2):
            sql = list_sql(owner, statuses, guarded=True)
            assert rows_read(store, sql, owner_id, *place, below, 50) <= 50


def test_a_search_goes_on_behind_what_it_has_seen(store: SqlStore, past: tuple[int, int, int]) -> None:
    with store.transaction():
        ((last,),) = store.session.change("SELECT MAX(id) FROM builds WHERE job_id = ?", (past[0],))
    assert rows_read(store, history_marks.new_sql(2), past[0], last - 5, past[1], 0) <= 10


@pytest.mark.parametrize("owner", ["job_id", "pipeline_id"])
def test_a_pause_reads_what_waits(store: SqlStore, past: tuple[int, int, int], owner: str) -> None:
    assert rows_read(store, recall_sql(owner), past[0 if owner == "job_id" else 2], 9) <= 10


@pytest.mark.parametrize("owner", ["", "team", "actor"])
def test_the_audit_log_is_read_along_one_index(store: SqlStore, owner: str) -> None:
    with store.transaction():
        store.session.write(
            "INSERT INTO audit_entries (at, actor, token, action, object, team, address, outcome, detail, count)"
            " SELECT n, CASE WHEN n < 9 THEN 'rare' ELSE 'often' END, '', 'pipeline.set', '',"
            " CASE WHEN n < 9 THEN 'rare' ELSE 'often' END, '', 'done', '{}', 1 FROM generate_series(1, ?) n",
            (BUILDS,),
        )
    with store.transaction():
        store.session.write("ANALYZE")
    for value in ("rare", "often", "none"):
        place = [value] if owner else []
        params = (*place, 0.0, *place, 1e12, 0, 50) if owner else (1e12, 0, 0.0, 50)
        assert rows_read(store, audit.list_sql(owner, guarded=True), *params, table="audit_entries") <= 50
