"""Who is next, at the same cost however many wait."""

from typing import Any

import msgspec
import pytest

from pikoci.internal.domain.build import Build, WaitingLine
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.levels import LEVEL
from pikoci.internal.store import build_lines
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

CROWD = 3000


def crowd(store: SqlStore, build: Build, count: int = CROWD) -> None:
    """So many more that wait as this one does, by one statement."""
    columns = "pipeline_id, job_id, retry, status, reason, created_by, created_at, dispatched_at, claim, requeues"
    more = "cancel_reason, inputs_resolved, last_event, log_size, log_deleted, queue, priority"
    with store.transaction():
        store.session.write(
            f"INSERT INTO builds ({columns}, {more}, number) WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            f" SELECT {columns}, {more}, 1000 + n.i FROM n JOIN builds ON builds.id = ?",
            (count, build.id),
        )


def test_lines_are_those_of_the_builds_queue(store: SqlStore, world: World) -> None:
    plain = world.build(dispatched_at=4.0)
    world.build(dispatched_at=4.0, priority=-1)
    tagged = world.build(dispatched_at=4.0, queue="jobs.gpu")
    world.build()
    world.ended(dispatched_at=4.0)
    mine = WaitingLine(head=plain.id, queue="jobs", pipeline_id=plain.pipeline_id, team="main")
    assert store.builds.lines_beside(plain.id) == store.builds.lines_beside(999_999) == [mine]
    other = msgspec.structs.replace(mine, head=tagged.id, queue="jobs.gpu")
    assert store.builds.lines_beside(tagged.id) == [other]
    assert store.builds.lines() == [msgspec.structs.replace(mine, builds=2), other]
    crowd(store, plain, 120)
    assert [line.builds for line in store.builds.lines()] == [100, 1]
    assert len(store.builds.first_of(mine)) == 100


def test_a_higher_priority_is_next_then_the_older(store: SqlStore, world: World) -> None:
    low, old, young, high = (world.build(dispatched_at=4.0, priority=priority) for priority in (-1, 0, 0, 100))
    line = store.builds.lines()[0]
    assert line.head == high.id
    assert store.builds.first_of(line) == [high.id, old.id, young.id, low.id]
    with store.transaction():
        claimed = [world.claim(old, f"w{number}", "i") for number in range(4)]
    assert [build.id for build in claimed if build] == [high.id, old.id, young.id, low.id]


def test_one_message_gives_an_instance_one_build(store: SqlStore, world: World) -> None:
    one, _ = world.build(dispatched_at=4.0), world.build(dispatched_at=4.0)
    with store.transaction():
        first = world.claim(one, "w", "i")
        assert world.claim(one, "w", "i") is None
        assert store.builds.held(one.id, "w", "i") == first
        assert store.builds.held(one.id, "w", "j") is store.builds.held(one.id, "v", "i") is None
        assert not store.builds.is_rung_again(one.id, "w", "i")
        assert world.claim(one, "w", "j")


def test_of_two_claims_at_once_for_one_message_the_second_is_refused(store: SqlStore, world: World) -> None:
    one, two = world.build(dispatched_at=4.0), world.build(dispatched_at=4.0)
    with store.transaction():
        assert world.claim(one, "w", "i")
    # What a claim that looked before the other was committed runs into.
    late = "UPDATE builds SET status = 'started', worker = 'w', worker_instance = 'i', rung_by = ? WHERE id = ?"
    with pytest.raises(ConflictError), store.transaction():
        store.session.write(late, (one.id, two.id))


def read(store: SqlStore, sql: str, values: tuple[Any, ...]) -> str:
    """The plan, as it was run on PostgreSQL and as it would be on SQLite."""
    if store.relay is None:
        plain = sql.replace(" FOR NO KEY UPDATE SKIP LOCKED", "")
        return str(store.session.rows(f"EXPLAIN QUERY PLAN {plain}", values))
    with store.transaction():
        return "\n".join(row[0] for row in store.session.change(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", values))


def test_a_line_is_as_if_there_were_only_builds_up_to_its_level(store: SqlStore, world: World) -> None:
    newer = world.build(dispatched_at=4.0, level=2)
    assert store.builds.lines_beside(newer.id, 1) == []
    older = world.build(dispatched_at=5.0)
    (line,) = store.builds.lines_beside(newer.id, 1)
    assert (line.head, line.level) == (older.id, 1)
    assert [one.head for one in store.builds.lines_beside(newer.id)] == [newer.id]
    with store.transaction():
        taken = store.builds.claim_next(line, newer.id, "w", "i", 6.0, 36.0)
        assert taken is not None
        assert taken.id == older.id
        assert store.builds.claim_next(line, older.id, "w", "i", 6.0, 36.0) is None


def test_neither_lines_nor_claims_read_what_waits(store: SqlStore, world: World) -> None:
    build = world.build(dispatched_at=4.0)
    crowd(store, build)
    world.build(dispatched_at=4.0, queue="jobs.gpu")
    claim = ("w", "i", 5.0, 35.0, build.id, "jobs", build.pipeline_id, LEVEL, build.id, "w", "i")
    for sql, values in (
        (build_lines.LINES_BESIDE, (build.id, LEVEL, LEVEL)),
        (build_lines.LINES, ()),
        (build_lines.CLAIM_NEXT, claim),
    ):
        plan = read(store, sql, values)
        assert "builds_in_line" in plan, plan
        assert "Sort" not in plan, plan
        assert "Seq Scan on builds" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
