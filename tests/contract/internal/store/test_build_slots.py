"""Builds that wait for a slot, and those that have one."""

from msgspec.structs import replace

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World


def test_builds_that_no_worker_took_are_recalled_oldest_first(store: SqlStore, world: World) -> None:
    a, b = world.jobs("a", "b")
    other = world.jobs("a", pipeline="q")[0]
    taken, waiting = world.claimed(job=a), world.build(a, reason="first things first")
    sent = [world.build(job, dispatched_at=4.0) for job in (a, b, a, other)]
    with store.transaction():
        assert store.builds.recall(job_id=a.id, limit=1) == 1
    assert [store.builds.get(one.id) for one in sent] == [
        replace(sent[0], dispatched_at=None),
        *sent[1:],
    ]
    with store.transaction():
        assert store.builds.recall(pipeline_id=a.pipeline_id, limit=9) == 2
        assert store.builds.recall(pipeline_id=a.pipeline_id, limit=9) == 0
    assert [store.builds.get(one.id) for one in (waiting, taken, sent[3])] == [waiting, taken, sent[3]]


def test_pending_are_the_undispatched_ones_of_the_job_oldest_first(store: SqlStore, world: World) -> None:
    one, two = world.build("a"), world.build("a")
    world.build("a", dispatched_at=1.0)
    world.build("a", status=BuildStatus.WAITING)
    world.build("b")
    world.claimed(job="a")
    with store.transaction():
        assert store.builds.pending(one.job_id, resolved=False, limit=5) == [one, two]
        assert store.builds.pending(one.job_id, resolved=False, limit=1) == [one]
        assert store.builds.pending(one.job_id, resolved=True, limit=5) == []
        store.builds.set_inputs(two.id, [])
        assert [build.id for build in store.builds.pending(one.job_id, resolved=True, limit=5)] == [two.id]


def test_fronts_are_the_first_of_each_line_the_oldest_first(store: SqlStore, world: World) -> None:
    a, b, c, d = world.jobs("a", "b", "c", "d")
    world.build("a", inputs_resolved=True, dispatched_at=1.0)
    world.build("a")
    first_b = world.build("b", inputs_resolved=True)
    first_a = world.build("a", inputs_resolved=True)
    world.build("a", inputs_resolved=True)
    world.build("b", inputs_resolved=True)
    world.build("c")
    with store.transaction():
        assert store.builds.fronts([a.id, b.id, c.id, d.id], 9) == [first_b, first_a]
        assert store.builds.fronts([a.id, b.id, c.id, d.id], 1) == [first_b]
        assert store.builds.fronts([c.id], 9) == store.builds.fronts([], 9) == []


def test_a_place_in_a_line_and_who_runs(store: SqlStore, world: World) -> None:
    a, b = world.jobs("a", "b")
    line = [world.build("a", inputs_resolved=True) for _ in range(3)]
    world.build("a")
    assert [store.builds.place(a.id, place) for place in (1, 3, 4)] == [line[0].id, line[2].id, None]
    world.claimed(job="a")
    newest = world.claimed(job="a")
    world.build("a", dispatched_at=1.0)
    world.ended("b")
    assert store.builds.running([a.id, b.id]) == {a.id: newest}


def test_active_builds_are_counted_by_job(store: SqlStore, world: World) -> None:
    a, b, c = world.jobs("a", "b", "c")
    world.claimed(job="a")
    world.build("a", dispatched_at=1.0)
    world.build("a")
    world.ended("a")
    world.claimed(job="b")
    world.build("c")
    assert store.builds.count_active([a.id, b.id, c.id]) == {a.id: 2, b.id: 1, c.id: 0}
    assert store.builds.count_active([]) == {}
    assert store.builds.count_by_status() == {BuildStatus.PENDING: 3, BuildStatus.WAITING: 0, BuildStatus.STARTED: 2}
