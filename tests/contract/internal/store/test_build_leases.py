"""Claims and leases of builds."""

import gevent
from msgspec.structs import replace

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World


def ref(build: Build, claim: int | None = None) -> ClaimRef:
    return ClaimRef(id=build.id, claim=build.claim if claim is None else claim)


def test_only_a_dispatched_pending_build_can_be_claimed(store: SqlStore, world: World) -> None:
    undispatched = world.build()
    ended = world.ended(dispatched_at=4.0)
    waiting = world.build(status=BuildStatus.WAITING, dispatched_at=4.0)
    ready = world.build(dispatched_at=4.0, last_event=3)
    with store.transaction():
        claimed = world.claim(undispatched, "w1", "i1")
        for build in (undispatched, ended, waiting, ready):
            assert world.claim(build, "w2", "i2") is None
    assert claimed == replace(
        ready, status=BuildStatus.STARTED, worker="w1", claim=1, started_at=5.0, lease_expires_at=35.0, last_event=0
    )
    assert isinstance(claimed.lease_expires_at, float)
    assert store.builds.get(ready.id) == claimed


def test_greenlets_that_work_at_once_do_not_get_in_each_others_way(store: SqlStore, world: World) -> None:
    job = world.job()

    def live(number: int) -> int:
        build = world.build(job, dispatched_at=4.0)
        gevent.sleep(0)
        with store.transaction():
            claimed = world.claim(build, f"w{number}", "i")
        assert claimed
        gevent.sleep(0)
        world.saved(claimed, status=BuildStatus.SUCCEEDED, finished_at=9.0)
        return claimed.number

    living = [gevent.spawn(live, number) for number in range(40)]
    gevent.joinall(living, timeout=60, raise_error=True)
    assert sorted(one.get() for one in living) == list(range(1, 41))
    ended = store.builds.list(job_id=job.id, statuses=[BuildStatus.SUCCEEDED], limit=50, cursor=None)
    assert len({build.worker for build in ended.items}) == 40


def test_a_requeued_build_is_claimed_with_the_next_token(store: SqlStore, world: World) -> None:
    first = world.claimed()
    world.saved(first, status=BuildStatus.PENDING, dispatched_at=40.0, worker=None, lease_expires_at=None)
    with store.transaction():
        second = world.claim(first, "w2", "i2", 41.0, 71.0)
    assert second
    assert second.claim == 2


def test_leases_are_renewed_by_the_instance_and_claim_that_hold_them(store: SqlStore, world: World) -> None:
    mine, other_claim = world.claimed(), world.claimed()
    foreign = world.claimed(worker="w2")
    ended = world.saved(world.claimed(), status=BuildStatus.SUCCEEDED)
    refs = [ref(mine), ref(other_claim, 9), ref(foreign), ref(ended), ClaimRef(id=999, claim=1)]
    with store.transaction():
        assert store.builds.renew("w1", "i1", refs, 99.0) == {mine.id}
        assert store.builds.renew("w1", "i0", refs, 99.0) == set()
        assert store.builds.renew("w1", "i1", [], 99.0) == set()
    renewed = store.builds.get(mine.id)
    assert renewed
    assert renewed.lease_expires_at == 99.0


def test_started_builds_of_a_worker_come_with_their_instance(store: SqlStore, world: World) -> None:
    one, two = world.claimed(instance="i1"), world.claimed(instance="i2")
    world.claimed(worker="w2")
    world.saved(world.claimed(), status=BuildStatus.FAILED)
    assert store.builds.started_by("w1") == [(one, "i1"), (two, "i2")]
    assert store.builds.started_by("nobody") == []


def test_lapsed_leases_are_taken(store: SqlStore, world: World) -> None:
    late = world.claimed(lease_until=20.0)
    later = world.claimed(lease_until=30.0)
    world.claimed(lease_until=31.0)
    with store.transaction():
        assert store.builds.take_expired(30.0, 9) == [late, later]
        assert store.builds.take_expired(30.0, 1) == [late]


def test_dispatched_builds_that_nobody_claimed_are_taken(store: SqlStore, world: World) -> None:
    world.claimed(dispatched_at=1.0)
    old = world.build(dispatched_at=5.0)
    world.build(dispatched_at=9.0)
    world.build()
    with store.transaction():
        assert store.builds.take_stale(9.0, 9) == [old]
        assert store.builds.take_stale(9.0, 9, after=(5.0, old.id - 1)) == [old]
        assert store.builds.take_stale(9.0, 9, after=(5.0, old.id)) == []


def test_grace_makes_short_leases_longer_and_long_ones_not_shorter(store: SqlStore, world: World) -> None:
    short, long = world.claimed(lease_until=10.0), world.claimed(lease_until=90.0)
    resource = world.resource()
    with store.transaction():
        store.resources.mark_dispatched({resource.id: None}, 1.0)
        store.resources.claim_check(resource.id, "w", "i", 2.0, 12.0)
        assert store.builds.grant_grace(60.0) == 2
    leases = [store.builds.get(build.id) for build in (short, long)]
    assert [build.lease_expires_at for build in leases if build] == [60.0, 90.0]
    checked = store.resources.get(resource.id)
    assert checked
    assert checked.check_lease_expires_at == 60.0
