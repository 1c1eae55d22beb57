"""Announcements of builds that wait for approval: one worker at a time sends one."""

from typing import Any

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.announcement import Announcement, AnnouncementStatus
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

PENDING, SENT = AnnouncementStatus.PENDING, AnnouncementStatus.SENT
FAILED, DROPPED = AnnouncementStatus.FAILED, AnnouncementStatus.DROPPED


def added(store: SqlStore, world: World, step: str = "approve/1/1", **more: Any) -> Announcement:
    build = world.build(status=BuildStatus.WAITING)
    wished = Announcement(
        id=0, build_id=build.id, label="release", step=step, notification="slack.team", dispatched_at=100.0
    )
    with store.transaction():
        (made,) = store.announcements.add([replace(wished, **more)])
    return made


def claimed(store: SqlStore, one: Announcement, until: float = 130.0, instance: str = "i1") -> Announcement:
    with store.transaction():
        found = store.announcements.claim(one.id, "w1", instance, 101.0, until)
    assert found is not None
    return found


def status(store: SqlStore, one: Announcement) -> tuple[AnnouncementStatus, str]:
    found = store.announcements.get(one.id)
    assert found is not None
    return found.status, found.reason


def test_they_are_kept_as_given_and_know_their_job(store: SqlStore, world: World) -> None:
    one = added(store, world)
    build = store.builds.get(one.build_id)
    assert build is not None
    wanted = replace(one, pipeline_id=build.pipeline_id, job=build.job)
    assert store.announcements.get(one.id) == wanted
    assert store.announcements.of_build(build.id) == [wanted]
    assert store.announcements.get(one.id + 1) is None


def test_a_build_has_one_of_each_step(store: SqlStore, world: World) -> None:
    one = added(store, world)
    with store.transaction():
        store.announcements.add([replace(one, step="approve/1/2")])
    with pytest.raises(ConflictError), store.transaction():
        store.announcements.add([one])


def test_one_worker_has_it_until_its_lease_ends(store: SqlStore, world: World) -> None:
    one = added(store, world)
    first = claimed(store, one)
    assert (first.claim, first.worker, first.dispatched_at, first.job) == (1, "w1", None, "build")
    assert store.announcements.holder(one.id) == ("w1", "i1")
    with store.transaction():
        assert store.announcements.claim(one.id, "w2", "i2", 129.0, 160.0) is None
        second = store.announcements.claim(one.id, "w2", "i2", 130.0, 160.0)
    assert second is not None
    assert second.claim == 2


def test_it_ends_once_and_by_the_current_claim(store: SqlStore, world: World) -> None:
    one = claimed(store, added(store, world))
    with store.transaction():
        assert not store.announcements.finish(one.id, 7, SENT, "", 110.0)
        assert store.announcements.finish(one.id, 1, FAILED, "no luck", 110.0)
        assert store.announcements.finish(one.id, 1, SENT, "", 111.0)  # a second delivery
        assert store.announcements.claim(one.id, "w1", "i1", 500.0, 600.0) is None
    assert status(store, one) == (FAILED, "no luck")
    assert store.announcements.holder(one.id) is None


def test_leases_are_renewed_for_their_holder_alone(store: SqlStore, world: World) -> None:
    one = claimed(store, added(store, world))
    ref = ClaimRef(id=one.id, claim=1)
    with store.transaction():
        assert store.announcements.renew("w1", "i2", [ref], 200.0) == set()
        assert store.announcements.renew("w1", "i1", [ClaimRef(id=one.id, claim=2)], 200.0) == set()
        assert store.announcements.renew("w1", "i1", [ref], 200.0) == {one.id}
        assert store.announcements.requeue_expired(199.0) == 0
        assert store.builds.grant_grace(210.0) == 1
        assert store.announcements.requeue_expired(209.0) == 0
        assert store.announcements.requeue_expired(210.0) == 1
        assert store.announcements.renew("w1", "i1", [ref], 300.0) == set()


def test_what_a_dead_process_had_is_stale_at_once(store: SqlStore, world: World) -> None:
    one = claimed(store, added(store, world))
    assert store.announcements.count_claimed() == {"w1": 1}
    with store.transaction():
        assert store.announcements.requeue_of("w1", "i2") == 0
        assert store.announcements.requeue_of("w1", "i1") == 1
        assert [found.id for found in store.announcements.take_stale(1.0, 10)] == [one.id]
        store.announcements.mark_dispatched([one.id], 102.0)
        assert store.announcements.take_stale(102.0, 10) == []
        assert [found.id for found in store.announcements.take_stale(103.0, 10)] == [one.id]
    assert store.announcements.count_claimed() == {}


def test_those_of_builds_that_wait_no_more_are_dropped_unless_a_worker_has_them(store: SqlStore, world: World) -> None:
    free, taken, kept = (added(store, world) for _ in range(3))
    claimed(store, taken)
    with store.transaction():
        for one in (free, taken):
            build = store.builds.lock(one.build_id)
            assert build is not None
            store.builds.save(replace(build, status=BuildStatus.CANCELLED, finished_at=105.0))
        assert store.announcements.drop_decided("decided", 110.0) == 1
        assert store.announcements.take_stale(500.0, 10) == [store.announcements.get(kept.id)]
    assert status(store, free) == (DROPPED, "decided")
    assert [status(store, one)[0] for one in (taken, kept)] == [PENDING, PENDING]


def test_they_go_away_with_their_build(store: SqlStore, world: World) -> None:
    one = added(store, world)
    with store.transaction():
        store.builds.delete([one.build_id])
    assert store.announcements.get(one.id) is None
