"""No hot statement walks a whole table."""

import re
from collections.abc import Iterator

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.store import (
    StoreSettings,
    accounts,
    announcements,
    api_tokens,
    artifacts,
    audit,
    build_leases,
    build_lines,
    build_parts,
    build_slots,
    build_votes,
    builds,
    checks,
    deletion,
    ended_sessions,
    history,
    history_marks,
    jobs,
    logs,
    newest,
    open_store,
    pipelines,
    resources,
    settings,
    user_sessions,
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
        api_tokens,
        announcements,
        artifacts,
        audit,
        build_leases,
        build_lines,
        build_parts,
        build_slots,
        build_votes,
        builds,
        checks,
        deletion,
        ended_sessions,
        history,
        history_marks,
        jobs,
        logs,
        pipelines,
        resources,
        settings,
        user_sessions,
        versions,
        worker_tokens,
        workers,
    )
    for name, value in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str)
    if re.match(r"SELECT|UPDATE|DELETE|INSERT|WITH", value) and "{" not in value
}
MADE = {
    **{f"audit.list by {owner or 'time'}": audit.list_sql(owner, guarded=False) for owner in ("", "team", "actor")},
    "jobs.overviews": jobs.overviews_sql(2),
    "jobs.standings": jobs.standings_sql(2),
    **{
        f"newest.list by {owner} {len(statuses)}": newest.list_sql(owner, statuses, guarded=False)
        for owner in ("job_id", "pipeline_id")
        for statuses in ([], [BuildStatus.FAILED], list(BuildStatus))
    },
    "builds.recall by job": builds.recall_sql("job_id"),
    "builds.recall by pipeline": builds.recall_sql("pipeline_id"),
    "jobs.move": jobs.move_sql(3),
    "resources.pins": resources.pins_sql(3),
    "checks.dispatch": checks.dispatch_sql(3),
    "checks.bring_forward": checks.bring_forward_sql(3),
    "build_slots.count_active": build_slots.count_active_sql(3),
    "build_slots.fronts": build_slots.fronts_sql(3),
    "build_slots.running": build_slots.running_sql(3),
    "history.held": history.held_sql(3),
    "logs.first_chunks": logs.first_chunks_sql(3),
    "logs.mark_deleted": logs.mark_deleted_sql(3),
    **{f"deletion.PARTS {number}": part for number, part in enumerate(deletion.PARTS)},
    "history_marks.toggles": history_marks.toggles_sql(3),
    "history_marks.succeeded": history_marks.succeeded_sql(3),
    "history_marks.new": history_marks.new_sql(3),
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
    "builds.COUNT_BY_STATUS",
    "jobs.overviews",
    "jobs.standings",
    "checks.NEXT_DUE_AFTER_LEASE",
    "checks.COUNT_RUNNING",
    "accounts.MEMBERS",
    "api_tokens.OF_USER",
    "api_tokens.OF_TEAM",
    "user_sessions.LIST",
    "announcements.COUNT_CLAIMED",
    "announcements.OF_BUILD",
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
    "api_tokens.DELETE_EXPIRED",
    "user_sessions.DELETE",
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
    partial = (
        r"CONSTANT ROW|SCAN (due|heads|found|counted|fresh|wished)$|resources_\w+|announcements_open|"
        r"builds_(active|started|of_worker|in_line)"
    )
    scans = [step for step in steps if step.startswith("SCAN") and not re.search(partial, step)]
    if name == "jobs.TAKE":  # along the key, until the limit
        scans = [step for step in scans if step != "SCAN scheduling_requests"]
    assert not scans or name in WHOLE, steps
    assert name in SORTED | WHOLE or not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (build_slots.PENDING, "builds_waiting (job_id=? AND inputs_resolved=?)"),
        (build_slots.PLACE, "builds_waiting (job_id=? AND inputs_resolved=?)"),
        (build_slots.fronts_sql(3), "builds_waiting (job_id=? AND inputs_resolved=?)"),
        (build_slots.count_active_sql(3), "builds_with_slot (job_id=?)"),
        (build_slots.running_sql(3), "builds_with_slot (job_id=?)"),
        (history_marks.LAST, "builds_of_job (job_id=?)"),
        (audit.list_sql("", guarded=False), "audit_by_time (at>? AND at<?)"),
        (audit.list_sql("team", guarded=False), "audit_of_team (team=? AND at>? AND at<?)"),
        (audit.list_sql("actor", guarded=False), "audit_of_actor (actor=? AND at>? AND at<?)"),
        (audit.DELETE_BEFORE, "audit_by_time (at<?)"),
        (history_marks.UNENDED, "builds_active (job_id=? AND status=?)"),
        (history_marks.new_sql(3), "builds_of_job (job_id=? AND id>?)"),
    ],
)
def test_lines_slots_and_what_is_new_are_read_without_the_rest(planner: SqlStore, sql: str, index: str) -> None:
    assert any(step.endswith(f"INDEX {index}") for step in plan(planner, sql)), plan(planner, sql)


@pytest.mark.parametrize("name", [name for name in MADE if re.match(r"newest.*[18]$|builds.recall", name)])
def test_history_is_not_read_for_builds_of_some_statuses(planner: SqlStore, name: str) -> None:
    steps = [step for step in plan(planner, MADE[name]) if " builds USING" in step]
    assert steps
    assert all(re.search(r"INDEX builds_(active|finished)|PRIMARY KEY", step) for step in steps), steps
