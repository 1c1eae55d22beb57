"""Pipelines and jobs."""

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.build import BuildStatus, LogChunk
from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError
from pikoci.internal.domain.pipeline import Pipeline, PipelineSource
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import SOURCE, World


def names(found: list[Pipeline]) -> list[tuple[str, str]]:
    return [(pipeline.team, pipeline.name) for pipeline in found]


def test_a_pipeline_is_kept_with_its_source(store: SqlStore, world: World) -> None:
    made = world.pipeline()
    assert made == Pipeline(id=made.id, team_id=1, team="main", name="p", revision=1, created_at=1.0, updated_at=1.0)
    assert store.pipelines.get(made.id) == made == store.pipelines.find("main", "p")
    assert store.pipelines.source(made.id) == SOURCE


def test_a_name_is_unique_in_its_team_only(store: SqlStore, world: World) -> None:
    world.pipeline()
    with store.transaction():
        other = store.accounts.create_team("other")
        store.pipelines.create(other.id, "p", SOURCE, now=1.0)
        with pytest.raises(ConflictError, match="p already"):
            store.pipelines.create(other.id, "p", SOURCE, now=1.0)


def test_an_update_replaces_the_source_and_counts(store: SqlStore, world: World) -> None:
    made = world.pipeline()
    source = PipelineSource(config="job {}", variables={"ünï": ["x", 1, None]}, spec=b"\x00\x01")
    with store.transaction():
        updated = store.pipelines.update(made.id, source, now=5.0)
    assert updated == replace(made, revision=2, updated_at=5.0)
    assert store.pipelines.source(made.id) == source


def test_what_is_gone_is_not_found(store: SqlStore) -> None:
    assert store.pipelines.get(9) is None
    assert store.pipelines.find("main", "x") is None
    with pytest.raises(NotFoundError):
        store.pipelines.source(9)
    with store.transaction():
        assert store.pipelines.lock(9) is None
        with pytest.raises(NotFoundError):
            store.pipelines.update(9, SOURCE, now=1.0)


def test_pausing_and_publishing_can_be_undone(store: SqlStore, world: World) -> None:
    made = world.pipeline()
    for value in (True, False):
        with store.transaction():
            store.pipelines.set_paused(made.id, value)
            store.pipelines.set_public(made.id, value)
            assert store.pipelines.lock(made.id) == replace(made, paused=value, public=value)


def test_lists_are_sorted_by_team_and_name_and_come_in_pages(store: SqlStore, world: World) -> None:
    with store.transaction():
        for team in ("b", "a"):
            team_id = store.accounts.create_team(team).id
            for name in ("y", "X", "x"):
                store.pipelines.create(team_id, name, SOURCE, now=1.0)
    world.pipeline()
    wanted = [("a", "X"), ("a", "x"), ("a", "y"), ("b", "X"), ("b", "x"), ("b", "y"), ("main", "p")]
    for limit in (1, 2, 3, 7, 50):
        found, cursor = [], None
        while True:
            page = store.pipelines.list(None, public_only=False, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            found += names(page.items)
            cursor = page.next
            if cursor is None:
                break
        assert found == wanted
    assert names(store.pipelines.list("b", public_only=False, limit=9, cursor=None).items) == wanted[3:6]


def test_only_public_ones_are_listed_when_asked(store: SqlStore, world: World) -> None:
    world.pipeline("hidden")
    with store.transaction():
        store.pipelines.set_public(world.pipeline("seen").id, True)
    assert names(store.pipelines.list("main", public_only=True, limit=9, cursor=None).items) == [("main", "seen")]


@pytest.mark.parametrize("cursor", ["", "x", "????", "bnVsbA", "WzFd", "WyJhIl0", "é", "WyJhIiwiYlx1MDAwMCJd"])
def test_a_foreign_cursor_is_invalid(store: SqlStore, cursor: str) -> None:
    with pytest.raises(InvalidError, match="cursor"):
        store.pipelines.list(None, public_only=False, limit=9, cursor=cursor)
    with pytest.raises(InvalidError, match="cursor"):
        store.builds.list(limit=9, cursor=cursor if cursor != "WzFd" else "W10")


def test_nul_in_a_pipeline_file_is_refused_by_name(store: SqlStore, world: World) -> None:
    with pytest.raises(InvalidError, match="pipeline file"), store.transaction():
        store.pipelines.update(world.pipeline().id, PipelineSource(config="a\0", variables={}, spec=b""), now=1.0)


def test_deleting_takes_everything_along(store: SqlStore, world: World) -> None:
    version = world.versions("a")[0]
    build = world.build(inputs=[world.choice(version)])
    with store.transaction():
        store.logs.append(build.id, [LogChunk(offset=0, step="", claim=1, at=1.0, data=b"x")])
        store.jobs.request_scheduling([build.job_id])
        store.artifacts.finish("u", "d", 0, build.pipeline_id, 1.0)
    world.delete(build.pipeline_id)
    assert store.builds.get(build.id) is None
    assert store.versions.get(version.id) is None
    assert store.logs.read(build.id, 0, 10) == []
    assert store.jobs.get(build.job_id) is None
    assert not store.artifacts.exists("d", build.pipeline_id)
    for table in ("build_versions", "scheduling_requests", "pipeline_sources", "resources"):
        assert store.session.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)]


def test_ids_are_never_given_twice(store: SqlStore, world: World) -> None:
    first = world.build()
    world.delete(first.pipeline_id)
    second = world.build()
    assert second.id > first.id
    assert second.pipeline_id > first.pipeline_id
    assert second.job_id > first.job_id


def test_jobs_are_made_moved_archived_and_revived(store: SqlStore, world: World) -> None:
    owner = world.pipeline().id

    def sync(*wished: str) -> list[tuple[int, str, int]]:
        with store.transaction():
            return [(job.id, job.name, job.position) for job in store.jobs.sync(owner, wished)]

    first = sync("a", "b", "c")
    ids = {name: job_id for job_id, name, _ in first}
    assert [(name, place) for _, name, place in first] == [("a", 0), ("b", 1), ("c", 2)]
    assert sync("c", "a", "d")[:2] == [(ids["c"], "c", 0), (ids["a"], "a", 1)]
    assert [job.name for job in store.jobs.list(owner, archived=True)] == ["c", "a", "d", "b"]
    gone = store.jobs.find(owner, "b")
    assert gone
    assert gone.archived
    assert sync("b") == [(ids["b"], "b", 0)]
    assert sync() == []


def test_thousands_of_jobs_are_synced(store: SqlStore, world: World) -> None:
    wished = [f"job-{number}" for number in range(1200)]
    assert [job.name for job in world.jobs(*wished)] == wished


def test_a_job_is_paused(store: SqlStore, world: World) -> None:
    job = world.job()
    with store.transaction():
        store.jobs.set_paused(job.id, True)
        assert store.jobs.lock([job.id]) == [replace(job, paused=True)]


def test_jobs_are_locked_in_id_order(store: SqlStore, world: World) -> None:
    jobs = world.jobs("a", "b", "c")
    with store.transaction():
        assert store.jobs.lock([jobs[2].id, jobs[0].id, 99]) == [jobs[0], jobs[2]]
        assert store.jobs.lock([]) == []


def test_requests_are_taken_once_oldest_first(store: SqlStore, world: World) -> None:
    one, two, three = world.jobs("a", "b", "c")
    with store.transaction():
        store.jobs.request_scheduling([three.id])
        store.jobs.request_scheduling([one.id, two.id, one.id])
        store.jobs.request_scheduling([three.id])
    with store.transaction():
        assert store.jobs.take_scheduling_requests(2) == [three, one]
    with store.transaction():
        assert store.jobs.take_scheduling_requests(2) == [two]
        assert store.jobs.take_scheduling_requests(2) == []


def test_a_rollback_brings_requests_back(store: SqlStore, world: World) -> None:
    job = world.job()
    with store.transaction():
        store.jobs.request_scheduling([job.id])
    with world.rolled_back():
        assert store.jobs.take_scheduling_requests(9) == [job]
    with store.transaction():
        assert store.jobs.take_scheduling_requests(9) == [job]


def test_overviews_show_the_latest_and_the_latest_finished_build(store: SqlStore, world: World) -> None:
    jobs = world.jobs("a", "b", "c")
    other = world.jobs("z", pipeline="q")[0]
    world.ended("a")
    done = world.ended("a", BuildStatus.FAILED)
    running = world.build("a")
    waiting = world.build("b")
    found = store.jobs.overviews([jobs[0].pipeline_id, other.pipeline_id, 99])
    assert [(one.job, one.latest, one.finished) for one in found[jobs[0].pipeline_id]] == [
        (jobs[0], running, done),
        (jobs[1], waiting, None),
        (jobs[2], None, None),
    ]
    assert [one.job for one in found[other.pipeline_id]] == [other]
    assert found[99] == []


def test_overviews_say_what_goes_on_whatever_was_started_last(store: SqlStore, world: World) -> None:
    jobs = world.jobs("a", "b", "c")
    world.saved(world.build("a"), status=BuildStatus.STARTED, worker="w", claim=1, started_at=1.0, lease_expires_at=9.0)
    world.build("a")
    world.ended("a")
    world.ended("b")
    world.build("c")
    found = store.jobs.overviews([jobs[0].pipeline_id])[jobs[0].pipeline_id]
    assert [one.now for one in found] == [BuildStatus.STARTED, None, BuildStatus.PENDING]
