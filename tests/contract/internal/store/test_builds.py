"""Builds, from pending to deleted."""

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.build import Build, BuildStatus, Step, StepStatus
from pikoci.internal.domain.errors import InvalidError, NotFoundError
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World


def test_a_build_is_kept_with_every_field(store: SqlStore, world: World) -> None:
    job = world.job()
    wanted = Build(
        id=0,
        pipeline_id=job.pipeline_id,
        job_id=job.id,
        job=job.name,
        number=0,
        status=BuildStatus.STARTED,
        reason="because",
        created_by="bob",
        created_at=1.5,
        dispatched_at=2.25,
        started_at=3.125,
        finished_at=4.0,
        worker="w1",
        claim=5,
        lease_expires_at=6.0,
        requeues=7,
        cancel_requested_at=8.0,
        cancel_reason="enough",
        inputs_resolved=True,
        last_event=9,
        log_size=2**40,
    )
    with store.transaction():
        made = store.builds.create(wanted)
        assert store.builds.lock(made.id) == made
    assert made == replace(wanted, id=made.id, number=1)
    assert store.builds.get(made.id) == made == store.builds.find(job.id, 1, 0)


def test_numbers_count_by_job_and_retries_by_number(store: SqlStore, world: World) -> None:
    made = [world.build("a"), world.build("a"), world.build("b"), world.build("a", number=1), world.build("a")]
    assert [build.name for build in made] == ["1", "2", "1", "1.1", "3"]
    assert world.build("a", number=1, retry=1).name == "1.2"


def test_a_number_is_not_given_again_after_its_build_was_deleted(store: SqlStore, world: World) -> None:
    build = world.build()
    with store.transaction():
        store.builds.delete([build.id])
    assert world.build().number == 2


def test_a_build_of_a_job_that_is_gone_is_not_found(store: SqlStore) -> None:
    for number in (0, 1):
        with pytest.raises(NotFoundError), store.transaction():
            store.builds.create(Build(id=0, pipeline_id=1, job_id=9, job="x", number=number))


def test_what_is_missing_is_none(store: SqlStore) -> None:
    assert store.builds.get(9) is None
    assert store.builds.find(9, 1, 0) is None
    with store.transaction():
        assert store.builds.lock(9) is None


def test_a_number_that_no_column_holds_is_not_there(store: SqlStore, world: World) -> None:
    build = world.build()
    assert store.builds.get(2**70) is None
    assert store.builds.find(build.job_id, 2**70, 0) is None
    assert store.versions.get(-(2**70)) is None


def test_a_number_that_no_column_holds_is_refused(store: SqlStore, world: World) -> None:
    build = world.build()
    with pytest.raises(InvalidError):
        world.saved(build, log_size=2**70)
    with pytest.raises(InvalidError):
        world.build(log_size=2**70)
    assert store.builds.get(build.id) == build


def test_lists_are_newest_first_filtered_and_in_pages(store: SqlStore, world: World) -> None:
    a, b = world.jobs("a", "b")
    other = world.jobs("a", pipeline="q")[0]
    builds = [world.build(job) for job in (a, b, a, a, b)]
    world.build(other)
    failed = world.ended("a", BuildStatus.FAILED)
    of_pipeline = store.builds.list(pipeline_id=a.pipeline_id, limit=50, cursor=None)
    assert of_pipeline.items == [failed, *builds[::-1]]
    assert of_pipeline.next is None
    first = store.builds.list(job_id=a.id, limit=3, cursor=None)
    second = store.builds.list(job_id=a.id, limit=3, cursor=first.next)
    assert [*first.items, *second.items] == [failed, builds[3], builds[2], builds[0]]
    assert second.next is None


def test_lists_of_some_statuses_mix_them_in_order(store: SqlStore, world: World) -> None:
    a, b = world.jobs("a", "b")
    other = world.jobs("a", pipeline="q")[0]
    wanted = (BuildStatus.FAILED, BuildStatus.PENDING, BuildStatus.ERRORED)
    made = []
    for _ in range(3):
        for job in (a, b, other):
            made += [world.build(job), world.ended(job, BuildStatus.FAILED), world.ended(job)]
    made.append(world.ended(a, BuildStatus.ERRORED))
    expected = [build for build in made[::-1] if build.status in wanted]
    first = store.builds.list(job_id=a.id, statuses=[*wanted, *wanted], limit=4, cursor=None)
    second = store.builds.list(job_id=a.id, statuses=wanted, limit=4, cursor=first.next)
    assert [*first.items, *second.items] == [build for build in expected if build.job_id == a.id]
    assert second.next is None
    of_pipeline = store.builds.list(pipeline_id=a.pipeline_id, statuses=wanted, limit=50, cursor=None)
    assert of_pipeline.items == [build for build in expected if build.job_id != other.id]
    assert store.builds.list(job_id=b.id, statuses=[BuildStatus.ERRORED], limit=9, cursor=None).items == []
    assert store.builds.list(job_id=99, limit=9, cursor=None).items == []


def test_saving_writes_what_can_change_and_cleans_text(store: SqlStore, world: World) -> None:
    build = world.build()
    changed = world.saved(
        build,
        status=BuildStatus.FAILED,
        reason="exit 1\0",
        dispatched_at=1.0,
        started_at=2.0,
        finished_at=3.0,
        worker="w",
        claim=4,
        lease_expires_at=5.0,
        requeues=6,
        cancel_requested_at=7.0,
        cancel_reason="ünï",
        inputs_resolved=True,
        last_event=8,
        log_size=9,
    )
    assert store.builds.get(build.id) == replace(changed, reason="exit 1\ufffd")


def test_inputs_are_kept_with_the_builds_they_came_through(store: SqlStore, world: World) -> None:
    one, two = world.versions("a", "b")
    build = world.build(inputs=[world.choice(two, "late", unit=7, lint=8), world.choice(one, "early")])
    found = store.builds.inputs(build.id)
    assert [(one.get, one.resource, one.version_id, one.version, one.upstream) for one in found] == [
        ("early", "git.repo", one.id, {"ref": "a"}, {}),
        ("late", "git.repo", two.id, {"ref": "b"}, {"unit": 7, "lint": 8}),
    ]
    assert store.builds.outputs(build.id) == []


def test_setting_inputs_replaces_them_and_resolves_the_build(store: SqlStore, world: World) -> None:
    one, two = world.versions("a", "b")
    build = world.build(inputs=[world.choice(one), world.choice(one, "other")])
    with store.transaction():
        store.builds.set_inputs(build.id, [world.choice(two)])
    assert [(one.get, one.version_id) for one in store.builds.inputs(build.id)] == [("repo", two.id)]
    assert store.builds.get(build.id) == replace(build, inputs_resolved=True)


def test_an_output_is_added_once(store: SqlStore, world: World) -> None:
    one, two = world.versions("a", "b")
    build = world.build(inputs=[world.choice(one, "same")])
    with store.transaction():
        for version in (one, one, two):
            store.builds.add_output(build.id, "same", version.resource_id, version.id)
        store.builds.add_output(999, "same", one.resource_id, one.id)
    assert [(out.put, out.version) for out in store.builds.outputs(build.id)] == [
        ("same", {"ref": "a"}),
        ("same", {"ref": "b"}),
    ]
    assert len(store.builds.inputs(build.id)) == 1


def step(build: Build, path: str, claim: int = 1, **fields: object) -> Step:
    values: dict[str, object] = {"name": f"step {path}", "kind": "task", "status": StepStatus.STARTED, **fields}
    return Step(build_id=build.id, claim=claim, id=path, **values)  # type: ignore[arg-type]  # checked by use


def test_steps_are_replaced_by_their_key_and_sorted_by_their_place_in_the_plan(store: SqlStore, world: World) -> None:
    build = world.claimed()
    done = step(build, "2", status=StepStatus.FAILED, exit_code=1, reason="no\0", started_at=5.0, finished_at=6.0)
    skipped = [step(build, path, status=StepStatus.SKIPPED) for path in ("3", "10", "ensure/1")]
    with store.transaction():
        store.builds.save_steps([*skipped[::-1], step(build, "2"), done, step(build, "2/on_failure/1", started_at=7.0)])
        store.builds.save_steps([step(build, "1", started_at=4.0, try_number=2)])
        store.builds.save_steps([])
    found = store.builds.steps(build.id)
    assert [one.id for one in found] == ["1", "2", "2/on_failure/1", "3", "10", "ensure/1"]
    assert found[1] == replace(done, reason="no\ufffd")
    assert found[0].try_number == 2


def test_what_services_do_stands_around_the_steps(store: SqlStore, world: World) -> None:
    build = world.claimed()
    places = ["start/1", "start/2", "ready/1", "1", "ensure/1", "stop/1", "stop/2"]
    with store.transaction():
        store.builds.save_steps([step(build, place) for place in reversed(places)])
    assert [one.id for one in store.builds.steps(build.id)] == places


def test_steps_belong_to_an_attempt(store: SqlStore, world: World) -> None:
    build = world.claimed()
    with store.transaction():
        store.builds.save_steps([step(build, "1", claim=1), step(build, "1", claim=2), step(build, "2", claim=2)])
    assert [one.id for one in store.builds.steps(build.id)] == ["1"]
    world.saved(build, claim=2)
    assert [one.id for one in store.builds.steps(build.id)] == ["1", "2"]
    assert [one.claim for one in store.builds.steps(build.id, claim=1)] == [1]


def test_many_steps_are_saved_at_once(store: SqlStore, world: World) -> None:
    build = world.claimed()
    with store.transaction():
        store.builds.save_steps([step(build, str(number)) for number in range(1, 60)])
    assert [one.id for one in store.builds.steps(build.id)] == [str(number) for number in range(1, 60)]


def test_prunable_are_ended_builds_beyond_the_kept_or_too_old(store: SqlStore, world: World) -> None:
    ended = [world.ended(finished_at=float(at)) for at in (10, 20, 30, 40)]
    job = ended[0].job_id
    world.build()
    ids = [build.id for build in ended]
    assert store.builds.prunable(job, up_to=0, before=None, limit=9) == []
    assert store.builds.prunable(job, up_to=ids[0], before=None, limit=9) == ids[:1]
    assert store.builds.prunable(job, up_to=ids[2], before=None, limit=2) == ids[:2]
    assert store.builds.prunable(job, up_to=0, before=30.0, limit=9) == ids[:2]
    assert store.builds.prunable(job, up_to=ids[2], before=30.0, limit=9) == ids[:3]


def test_the_newest_ended_build_but_some_is_found(store: SqlStore, world: World) -> None:
    ids = [world.ended(finished_at=float(at)).id for at in (10, 20, 30, 40)]
    job = world.build().job_id
    found = [store.builds.newest_ended(job, below=None, skip=skip) for skip in range(5)]
    assert found == [*reversed(ids), None]
    assert store.builds.newest_ended(job, below=ids[3], skip=0) == ids[2]
    assert store.builds.newest_ended(job, below=ids[0], skip=0) is None


def test_builds_are_deleted_with_what_belongs_to_them(store: SqlStore, world: World) -> None:
    version = world.versions("a")[0]
    build = world.build(inputs=[world.choice(version)])
    with store.transaction():
        store.builds.save_steps([step(build, "1")])
        store.builds.delete([build.id, 999])
    assert store.builds.get(build.id) is None
    assert store.builds.steps(build.id, claim=1) == []
    assert store.versions.get(version.id)
