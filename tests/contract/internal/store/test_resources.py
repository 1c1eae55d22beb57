"""Resources, their checks and their versions."""

from msgspec.structs import replace

from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.pipeline import ResourceState
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World, wished


def canonical(found: list[ResourceState]) -> list[str]:
    return [resource.canonical for resource in found]


def dispatched(store: SqlStore, resource: ResourceState, now: float = 100.0, due: float | None = 160.0) -> None:
    with store.transaction():
        store.resources.mark_dispatched({resource.id: due}, now)


def claimed(store: SqlStore, resource: ResourceState, lease_until: float = 130.0) -> ResourceState:
    dispatched(store, resource)
    with store.transaction():
        found = store.resources.claim_check(resource.id, "w1", "i1", 101.0, lease_until)
    assert found
    return found


def test_resources_are_made_as_wished(store: SqlStore, world: World) -> None:
    made = world.resource("git.my.repo", check_interval="", next_check_at=None)
    assert made == ResourceState(
        id=made.id, pipeline_id=made.pipeline_id, type="git", name="my.repo", webhook_token="hook-git.my.repo"
    )
    assert store.resources.get(made.id) == made == store.resources.find(made.pipeline_id, "git.my.repo")
    assert store.resources.find(made.pipeline_id, "git") is None
    assert store.resources.find(made.pipeline_id + 1, "git.my.repo") is None


def test_a_type_with_dots_is_found(store: SqlStore, world: World) -> None:
    owner = world.pipeline().id
    odd = ResourceState(id=0, pipeline_id=owner, type="my.type", name="x")
    with store.transaction():
        made = store.resources.sync(owner, [odd])[0]
    assert store.resources.find(owner, "my.type.x") == made


def test_a_kept_resource_changes_its_time_only_with_its_interval(store: SqlStore, world: World) -> None:
    made = world.resource()
    assert world.resource(next_check_at=7.0, webhook_token="new") == made
    changed = world.resource(check_interval="@hourly", next_check_at=7.0, webhook_token="new")
    assert changed == replace(made, check_interval="@hourly", next_check_at=7.0)


def test_a_missing_resource_is_archived_and_comes_back(store: SqlStore, world: World) -> None:
    made = world.resource()
    with store.transaction():
        assert store.resources.sync(made.pipeline_id, []) == []
    assert store.resources.list(made.pipeline_id) == []
    assert store.resources.list(made.pipeline_id, archived=True) == [replace(made, archived=True)]
    assert world.resource(next_check_at=50.0) == replace(made, next_check_at=50.0)


def test_webhook_tokens_find_their_resource(store: SqlStore, world: World) -> None:
    made = world.resource()
    world.resource("git.a", webhook_token="")
    world.resource("git.b", webhook_token="")
    assert store.resources.find_by_webhook_token("hook-git.repo") == made
    assert store.resources.find_by_webhook_token("") is None
    with store.transaction():
        store.resources.set_webhook_token(made.id, "fresh")
    assert store.resources.find_by_webhook_token("hook-git.repo") is None
    assert store.resources.find_by_webhook_token("fresh") == replace(made, webhook_token="fresh")


def test_a_pin_is_set_and_taken_off(store: SqlStore, world: World) -> None:
    version = world.versions("a")[0]
    for pin in (version.id, None):
        with store.transaction():
            store.resources.set_pin(version.resource_id, pin)
        found = store.resources.get(version.resource_id)
        assert found
        assert found.pinned_version_id == pin


def test_due_resources_are_taken_most_overdue_first(store: SqlStore, world: World) -> None:
    world.resources(
        wished("git.late", next_check_at=10.0),
        wished("git.never", next_check_at=None),
        wished("git.now", next_check_at=50.0),
        wished("git.later", next_check_at=50.5),
        wished("git.latest", next_check_at=5.0),
    )
    with store.transaction():
        assert canonical(store.resources.take_due(50.0, 10)) == ["git.latest", "git.late", "git.now"]
        assert canonical(store.resources.take_due(50.0, 1)) == ["git.latest"]
    assert store.resources.next_due_at() == 5.0


def test_archived_and_dispatched_resources_are_not_due(store: SqlStore, world: World) -> None:
    one = world.resource("git.one")
    two = world.resource("git.two", next_check_at=120.0)
    dispatched(store, one)
    with store.transaction():
        assert store.resources.take_due(500.0, 10) == [two]
        store.resources.sync(one.pipeline_id, [wished("git.one")])
        assert store.resources.take_due(500.0, 10) == []
    assert store.resources.next_due_at() is None


def test_a_running_check_is_not_due_before_its_lease_ends(store: SqlStore, world: World) -> None:
    running = claimed(store, world.resource(), lease_until=200.0)
    with store.transaction():
        assert store.resources.take_due(199.0, 10) == []
        assert store.resources.take_due(200.0, 10) == [running]
    assert store.resources.next_due_at() == 200.0


def test_many_are_dispatched_at_once(store: SqlStore, world: World) -> None:
    made = world.resources(*(wished(f"git.r{number}") for number in range(700)))
    due = {resource.id: None if number % 2 else 200.5 for number, resource in enumerate(made)}
    with store.transaction():
        store.resources.mark_dispatched(due, 100.0)
        store.resources.mark_dispatched({}, 100.0)
        store.resources.mark_dispatched({made[0].id: None}, 101.0)
    found = store.resources.list(made[0].pipeline_id)
    assert {resource.id: resource.next_check_at for resource in found} == {**due, made[0].id: None}
    assert {resource.check_dispatched_at for resource in found[1:]} == {100.0}
    assert found[0].check_dispatched_at == 101.0


def test_a_dispatch_that_nobody_claimed_is_stale(store: SqlStore, world: World) -> None:
    resource = world.resource()
    dispatched(store, resource, now=100.0, due=None)
    with store.transaction():
        assert store.resources.take_stale(100.0, 10) == []
        assert canonical(store.resources.take_stale(100.5, 10)) == ["git.repo"]
        assert store.resources.claim_check(resource.id, "w", "i", 101.0, 130.0)
        assert store.resources.take_stale(500.0, 10) == []


def test_a_check_is_claimed_once(store: SqlStore, world: World) -> None:
    resource = world.resource()
    with store.transaction():
        assert store.resources.claim_check(resource.id, "w1", "i1", 99.0, 130.0) is None
    found = claimed(store, resource)
    assert found == replace(
        resource, next_check_at=160.0, check_claim=1, check_worker="w1", check_lease_expires_at=130.0
    )
    with store.transaction():
        assert store.resources.claim_check(resource.id, "w2", "i2", 129.0, 160.0) is None
        again = store.resources.claim_check(resource.id, "w2", "i2", 130.0, 160.0)
    assert again
    assert (again.check_claim, again.check_worker) == (2, "w2")


def test_a_check_ends_by_its_claim_alone(store: SqlStore, world: World) -> None:
    running = claimed(store, world.resource())
    with store.transaction():
        assert not store.resources.finish_check(running.id, 0, 110.0, "")
        assert not store.resources.finish_check(running.id, 2, 110.0, "")
        assert store.resources.finish_check(running.id, 1, 110.0, "git: \0 no \udc80 such host 💥")
        assert store.resources.finish_check(running.id, 1, 110.0, "git: \0 no \udc80 such host 💥")
    assert store.resources.get(running.id) == replace(
        running,
        check_worker=None,
        check_lease_expires_at=None,
        last_checked_at=110.0,
        check_error="git: \ufffd no \ufffd such host 💥",
    )


def test_a_request_is_not_swallowed_by_a_running_check(store: SqlStore, world: World) -> None:
    running = claimed(store, world.resource())
    with store.transaction():
        store.resources.request_check(running.id, 105.0)
        assert store.resources.take_due(105.0, 10) == []
        store.resources.finish_check(running.id, 1, 110.0, "")
        assert canonical(store.resources.take_due(110.0, 10)) == ["git.repo"]


def test_a_request_makes_due_what_never_is(store: SqlStore, world: World) -> None:
    resource = world.resource(next_check_at=None)
    overdue = world.resource("git.other", next_check_at=3.0)
    with store.transaction():
        store.resources.request_check(resource.id, 50.0)
        store.resources.request_check(overdue.id, 50.0)
        assert [one.next_check_at for one in store.resources.take_due(50.0, 9)] == [3.0, 50.0]


def test_leases_are_renewed_by_their_holder(store: SqlStore, world: World) -> None:
    one, two = (claimed(store, world.resource(name)) for name in ("git.one", "git.two"))
    refs = [ClaimRef(id=one.id, claim=1), ClaimRef(id=two.id, claim=7)]
    with store.transaction():
        assert store.resources.renew_checks("w1", "i1", refs, 300.0) == {one.id}
        assert store.resources.renew_checks("w1", "i2", refs, 400.0) == set()
        assert store.resources.renew_checks("w1", "i1", [], 400.0) == set()
        assert store.resources.finish_check(one.id, 1, 110.0, "")
        assert store.resources.renew_checks("w1", "i1", refs, 400.0) == set()


def test_lost_checks_are_due_at_once(store: SqlStore, world: World) -> None:
    lost = claimed(store, world.resource("git.lost"), lease_until=130.0)
    held = claimed(store, world.resource("git.held"), lease_until=131.0)
    with store.transaction():
        assert store.resources.requeue_expired_checks(130.0) == 1
        assert canonical(store.resources.take_due(130.0, 9)) == ["git.lost"]
        assert store.resources.requeue_checks_of("w1", "i2", 130.0) == 0
        assert store.resources.requeue_checks_of("w1", "i1", 130.0) == 1
        assert canonical(store.resources.take_due(130.0, 9)) == ["git.lost", "git.held"]
        assert store.resources.finish_check(lost.id, 1, 131.0, "")
    assert held.check_lease_expires_at == 131.0


def asked(store: SqlStore, resource: ResourceState, now: float, gap: float = 5.0) -> float | None:
    """When the next check is due after one was asked for by the webhook at `now`."""
    with store.transaction():
        store.resources.request_spaced_check(resource.id, now, gap)
    found = store.resources.get(resource.id)
    assert found
    return found.next_check_at


def test_a_webhook_asks_for_a_check_at_once_and_then_for_one_more_later(store: SqlStore, world: World) -> None:
    made = world.resource(next_check_at=900.0)
    assert [asked(store, made, now) for now in (100.0, 100.5)] == [100.0, 100.0]
    dispatched(store, made, 101.0, due=900.0)
    assert [asked(store, made, now) for now in (101.0, 102.0, 104.0)] == [105.0, 105.0, 105.0]
    dispatched(store, made, 105.0, due=900.0)
    assert asked(store, made, 110.0) == 110.0


def test_a_check_that_is_due_by_then_is_as_good(store: SqlStore, world: World) -> None:
    made = world.resource(next_check_at=99.0)
    assert asked(store, made, 100.0) == 99.0
    dispatched(store, made, 100.0, due=900.0)
    assert asked(store, made, 100.1) == 100.1


def test_a_button_is_checked_whenever_its_webhook_asks(store: SqlStore, world: World) -> None:
    made = world.resource(check_interval="", next_check_at=None)
    assert asked(store, made, 100.0) == 100.0


def test_a_clock_that_was_put_back_does_not_hold_webhooks_up(store: SqlStore, world: World) -> None:
    made = world.resource(next_check_at=9000.0)
    assert asked(store, made, 5000.0) == 5000.0
    dispatched(store, made, 5000.0, due=9000.0)
    assert asked(store, made, 100.0) == 100.0
