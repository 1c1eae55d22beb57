"""A pipeline that is deleted is gone for everybody at once, and its rows go bit by bit."""

import re
from importlib import resources

from msgspec.structs import replace

from pikoci.internal.domain.build import BuildStatus, LogChunk
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World


def hide(store: SqlStore, pipeline_id: int) -> None:
    with store.transaction():
        assert store.deletions.hide(pipeline_id)


def test_nobody_sees_it_any_more(store: SqlStore, world: World) -> None:
    owner = world.pipeline().id
    running = world.claimed()
    hide(store, owner)
    assert store.pipelines.get(owner) is None
    assert store.pipelines.find("main", "p") is None
    assert store.pipelines.list("main", public_only=False, limit=9, cursor=None).items == []
    assert store.pipelines.list(None, public_only=False, limit=9, cursor=None).items == []
    assert store.builds.busy() == []
    with store.transaction():
        assert store.pipelines.lock(owner) is None
        assert not store.deletions.hide(owner)
    assert store.builds.get(running.id)


def test_its_name_is_free_at_once(store: SqlStore, world: World) -> None:
    first = [world.build() for _ in range(3)][-1]
    hide(store, first.pipeline_id)
    second = world.build()
    assert second.number == 1
    assert second.pipeline_id > first.pipeline_id
    hide(store, second.pipeline_id)
    assert world.build().number == 1


def test_its_checks_and_webhooks_end_at_once(store: SqlStore, world: World) -> None:
    due, dispatched, running = (world.resource(f"git.{name}") for name in ("due", "dispatched", "running"))
    with store.transaction():
        store.resources.mark_dispatched({dispatched.id: None, running.id: None}, 50.0)
        claimed = store.resources.claim_check(running.id, "w1", "i1", 50.0, 80.0)
    assert claimed
    hide(store, world.pipeline().id)
    with store.transaction():
        assert store.resources.take_due(1e9, 9) == []
        assert store.resources.take_stale(1e9, 9) == []
        assert store.resources.requeue_expired_checks(1e9) == 0
        assert store.resources.claim_check(dispatched.id, "w1", "i1", 50.0, 80.0) is None
        assert not store.resources.finish_check(running.id, claimed.check_claim, 60.0, "")
    assert store.resources.count_checks() == {}
    assert store.resources.next_due_at() is None
    assert store.resources.find_by_webhook_token(due.webhook_token) is None


def test_its_active_builds_end_those_that_run_first(store: SqlStore, world: World) -> None:
    running, pending, ended = world.claimed(), world.build(dispatched_at=4.0), world.ended()
    with store.transaction():
        assert store.deletions.end_builds(pending.pipeline_id, "gone", 7.0, 1) == [running.id]
        assert store.deletions.end_builds(pending.pipeline_id, "gone", 7.0, 9) == [pending.id]
        assert store.deletions.end_builds(pending.pipeline_id, "gone", 7.0, 9) == []
        assert world.claim(pending, "w1", "i1") is None
    found = [store.builds.get(build.id) for build in (pending, running)]
    assert [(build.status, build.reason, build.finished_at) for build in found if build] == [
        (BuildStatus.CANCELLED, "gone", 7.0)
    ] * 2
    assert store.builds.get(ended.id) == ended


def test_its_rows_go_in_parts_and_those_of_others_stay(store: SqlStore, world: World) -> None:
    other = world.build(world.jobs("build", pipeline="q")[0])
    versions = world.versions(*range(450))
    builds = [world.ended(inputs=[world.choice(version)], log_size=60) for version in versions[:220]]
    for build in builds:
        with store.transaction():
            store.logs.append(build.id, [LogChunk(offset=0, step="", claim=1, at=1.0, data=b"x" * 60)])
    with store.transaction():
        store.artifacts.finish("u", "d", 0, builds[0].pipeline_id, 1.0)
        store.jobs.request_scheduling([builds[0].job_id, other.job_id])
    assert world.delete(builds[0].pipeline_id) > 8
    left = {"pipelines": 1, "pipeline_sources": 1, "jobs": 1, "builds": 1, "scheduling_requests": 1}
    for table in (*left, "build_versions", "log_chunks", "versions", "resources", "artifact_grants"):
        assert store.session.rows(f"SELECT COUNT(*) FROM {table}") == [(left.get(table, 0),)], table
    assert store.builds.get(other.id) == other


def test_a_large_log_goes_in_parts(store: SqlStore, world: World) -> None:
    build, size = world.ended(log_size=6 * 2**17), 2**17
    chunks = [
        LogChunk(offset=number * size, step="", claim=1, at=1.0, data=bytes([number]) * size) for number in range(6)
    ]
    with store.transaction():
        store.logs.append(build.id, chunks)
    sizes = []
    more = True
    while more:
        with store.transaction():
            more = store.logs.delete_some([build.id])
        sizes.append(store.session.rows("SELECT COUNT(*) FROM log_chunks")[0][0])
    assert sizes[:3] == [4, 2, 0]


def test_deletion_goes_on_where_it_ended(store: SqlStore, world: World) -> None:
    build = world.ended()
    hide(store, build.pipeline_id)
    with store.transaction():
        assert store.deletions.take() == build.pipeline_id
        assert store.deletions.delete_some(build.pipeline_id, 0) == build.id
    late = replace(build, number=0)  # made meanwhile by somebody who had found the pipeline before
    with store.transaction():
        late = store.builds.create(late)
        assert store.deletions.delete_some(build.pipeline_id, late.id) == 0
        assert store.deletions.delete_some(build.pipeline_id, 0) == late.id
        assert store.deletions.delete_some(build.pipeline_id, late.id) == 0
    world.delete(build.pipeline_id)
    with store.transaction():
        assert store.deletions.take() is None


def test_whatever_reads_pipelines_joins_their_teams() -> None:
    """Since one without team is being deleted. Only the statements that delete it may see it."""
    for file in resources.files("pikoci.internal.store").iterdir():
        if not file.name.endswith(".py") or file.name == "deletion.py":
            continue
        text = re.sub(r'"\s*\n\s*f?"', "", file.read_text(encoding="utf-8"))
        for found in re.finditer(r"(?:FROM|JOIN) pipelines\b(?P<rest>.*)", text):
            assert re.match(r" (\w )?(ON [\w.]+ = [\w.]+ )?JOIN teams", found["rest"]), (file.name, found[0])
