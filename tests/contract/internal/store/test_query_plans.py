"""No hot statement walks a whole table."""

import re
from collections.abc import Iterator

import pytest

from pikoci.internal.store import (
    StoreSettings,
    accounts,
    artifacts,
    build_leases,
    build_lines,
    build_parts,
    builds,
    checks,
    deletion,
    ended_sessions,
    history,
    jobs,
    logs,
    open_store,
    pipelines,
    resources,
    settings,
    versions,
    worker_tokens,
    workers,
)
from pikoci.internal.store.sqlite import ROW_LOCK
from pikoci.internal.store.store import SqlStore

NEEDS = [history.need_sql(version=version, passed=passed) for version in (True, False) for passed in (0, 2)]

CONSTANT = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (
        accounts,
        artifacts,
        build_leases,
        build_lines,
        build_parts,
        builds,
        checks,
        deletion,
        ended_sessions,
        history,
        jobs,
        logs,
        pipelines,
        resources,
        settings,
        versions,
        worker_tokens,
        workers,
    )
    for name, value in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str)
    if re.match(r"SELECT|UPDATE|DELETE|INSERT|WITH", value) and "{" not in value
}
MADE = {
    "jobs.OVERVIEW": jobs.OVERVIEW.format(ids="?, ?"),
    "checks.dispatch": checks.dispatch_sql(3),
    "checks.bring_forward": checks.bring_forward_sql(3),
    "builds.count_active": builds.count_active_sql(3),
    "builds.list by job": builds.list_sql(job=True, pipeline=False, statuses=0),
    "builds.list by job and pipeline": builds.list_sql(job=True, pipeline=True, statuses=2),
    "builds.list by pipeline": builds.list_sql(job=False, pipeline=True, statuses=2),
    "builds.list": builds.list_sql(job=False, pipeline=False, statuses=0),
    "history.held": history.held_sql(3),
    "logs.first_chunks": logs.first_chunks_sql(3),
    "logs.mark_deleted": logs.mark_deleted_sql(3),
    **{f"deletion.PARTS {number}": part for number, part in enumerate(deletion.PARTS)},
    **{
        f"history.builds version={version} newest={newest} {number}": history.builds_sql(
            version=version, needs=[need], newest_first=newest
        )
        for version in (True, False)
        for newest in (True, False)
        for number, need in enumerate(NEEDS)
    },
}
#: What may be sorted: few rows, or an aggregate of active builds.
SORTED = {
    "build_parts.VERSIONS",
    "history.held",
    "build_leases.BUSY",
    "builds.count_active",
    "builds.COUNT_BY_STATUS",
    "jobs.OVERVIEW",
    "checks.NEXT_DUE_AFTER_LEASE",
    "checks.COUNT_RUNNING",
    "accounts.MEMBERS",
}
#: Once in a while: retention looks at every artifact, and after a clock was wrong every due time is looked at.
#: And small tables, which are listed whole.
WHOLE = {
    "artifacts.UNFINISHED",
    "artifacts.UNGRANTED",
    "checks.UPCOMING",
    "accounts.LIST_TEAMS",
    "accounts.LIST_USERS",
    "accounts.COUNT_USERS",
    "ended_sessions.ENDED",
    "ended_sessions.DELETE",
    "worker_tokens.LIST",
    "worker_tokens.REVOKED",
    "workers.LIST",
}


@pytest.fixture(scope="module")
def planner() -> Iterator[SqlStore]:
    store = open_store(StoreSettings())
    store.migrate()
    yield store
    store.close()


def plan(store: SqlStore, sql: str) -> list[str]:
    rows = store.session.rows(f"EXPLAIN QUERY PLAN {ROW_LOCK.sub('', sql)}", (1,) * sql.count("?"))
    return [row[3] for row in rows]


def test_there_are_statements_to_look_at() -> None:
    assert len(CONSTANT) > 35


@pytest.mark.parametrize("name", [*CONSTANT, *MADE])
def test_no_whole_table_is_read(planner: SqlStore, name: str) -> None:
    steps = plan(planner, (CONSTANT | MADE)[name])
    # A scan of a partial index is what that index is for; one of a table, or of a whole index, is not.
    partial = r"CONSTANT ROW|SCAN (due|heads)$|resources_\w+|builds_(active|started|of_worker)"
    scans = [step for step in steps if step.startswith("SCAN") and not re.search(partial, step)]
    if name in {"builds.list", "jobs.TAKE"}:  # along the key, until the limit
        scans = [step for step in scans if not re.fullmatch(r"SCAN (builds|scheduling_requests)", step)]
    assert not scans or name in WHOLE, steps
    assert name in SORTED | WHOLE or not any("TEMP B-TREE" in step for step in steps), steps
