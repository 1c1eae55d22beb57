"""What is published is delivered, to some consumer, and comes again when that rejects it."""

import time

import gevent
import pytest
from gevent.pool import Pool

from pikoci.pkg.queue import MAX_BODY, Backend, QueueError
from tests.contract.pkg.queue.site import A_WHILE, Site, bodies, collect, hub_stays_free, take


def test_a_message_arrives_as_it_was_sent(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b'{"build": 42}')
        delivery = take(subscription)
        assert (delivery.queue, delivery.body) == ("jobs", b'{"build": 42}')
        delivery.acknowledge()


def test_what_was_published_before_anyone_listened_arrives(backend: Backend) -> None:
    backend.publish("jobs", b"early")
    with backend.subscribe(["jobs"]) as subscription:
        assert collect(subscription, {b"early"}) == [b"early"]


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff\xfe", b"not json", b"x" * MAX_BODY], ids=["empty", "binary", "odd", "big"]
)
def test_any_bytes_arrive_unchanged_and_once(backend: Backend, body: bytes) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", body)
        assert collect(subscription, {body}) == [body]
        assert subscription.receive(A_WHILE) is None


def test_a_body_over_the_limit_is_refused(backend: Backend) -> None:
    with pytest.raises(ValueError, match="4097 bytes; at most 4096"):
        backend.publish("jobs", b"x" * (MAX_BODY + 1))


def test_messages_that_travel_together_all_arrive_once(backend: Backend) -> None:
    backend.publish("jobs", *bodies(300))
    with backend.subscribe(["jobs"]) as subscription, hub_stays_free():
        assert sorted(collect(subscription, set(bodies(300)))) == sorted(bodies(300))
        assert subscription.receive(A_WHILE) is None


def test_none_is_sent_where_one_is_over_the_limit(backend: Backend) -> None:
    with pytest.raises(ValueError, match="4097 bytes; at most 4096"):
        backend.publish("jobs", b"first", b"x" * (MAX_BODY + 1), b"third")
    with backend.subscribe(["jobs"]) as subscription:
        assert subscription.receive(A_WHILE) is None


def test_to_publish_nothing_does_nothing(backend: Backend) -> None:
    backend.publish("jobs")
    with backend.subscribe(["jobs"]) as subscription:
        assert subscription.receive(A_WHILE) is None


def test_a_queue_without_a_name_is_refused(backend: Backend) -> None:
    with pytest.raises(ValueError, match="not a name for a queue"):
        backend.publish("", b"lost")
    with pytest.raises(ValueError, match="not a name for a queue"):
        backend.subscribe(["jobs", ""])


def test_receiving_ends_after_its_timeout(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        subscription.receive(0.0)
        before = time.monotonic()
        assert subscription.receive(A_WHILE) is None
        assert A_WHILE * 0.8 < time.monotonic() - before < A_WHILE + 2.0


def test_a_waiting_consumer_gets_a_message_at_once(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"first")
        take(subscription).acknowledge()  # by now the consumer is in place
        waiting = gevent.spawn(subscription.receive, 20.0)
        gevent.idle()
        before = time.monotonic()
        backend.publish("jobs", b"now")
        delivery = waiting.get(timeout=20)
        assert delivery is not None
        assert time.monotonic() - before < 3.0


def test_messages_of_two_queues_arrive_in_one_subscription(backend: Backend) -> None:
    with backend.subscribe(["jobs", "checks"]) as subscription:
        for body in bodies(10):
            backend.publish("jobs", b"job " + body)
            backend.publish("checks", b"check " + body)
        seen = {}
        for _ in range(20):
            delivery = take(subscription)
            seen[delivery.body] = delivery.queue
            delivery.acknowledge()
        assert sorted(seen.values()) == ["checks"] * 10 + ["jobs"] * 10
        assert all(body.startswith(b"job ") == (queue == "jobs") for body, queue in seen.items())


def test_a_busy_queue_does_not_starve_another(backend: Backend) -> None:
    with backend.subscribe(["jobs", "checks"]) as subscription:
        for body in bodies(50):
            backend.publish("jobs", body)
        backend.publish("checks", b"quiet")
        came = []
        while b"quiet" not in came:
            delivery = take(subscription)
            gevent.sleep(0.05)  # the work; meanwhile a broker's answer about the other queue comes
            delivery.acknowledge()
            came.append(delivery.body)
        assert len(came) < 20


@pytest.mark.parametrize("queue", ["jobs.gpu", "jobs.gpu+vpn", "jobs.a.b", "jobs.üñ *>/#", f"jobs.{'long' * 100}"])
def test_queues_of_tags_are_apart(backend: Backend, queue: str) -> None:
    with backend.subscribe(["jobs"]) as untagged, backend.subscribe([queue]) as tagged:
        backend.publish(queue, b"for the tagged")
        delivery = take(tagged)
        assert (delivery.queue, delivery.body) == (queue, b"for the tagged")
        delivery.acknowledge()
        assert untagged.receive(A_WHILE) is None


def test_installations_on_one_broker_are_apart(site: Site) -> None:
    one, other = site.open(), site.open(prefix=f"{site.settings.prefix}-other")
    with one.subscribe(["jobs"]) as mine, other.subscribe(["jobs"]) as theirs:
        other.publish("jobs", b"theirs")
        assert mine.receive(A_WHILE) is None
        assert collect(theirs, {b"theirs"}) == [b"theirs"]


def test_a_rejected_message_comes_again(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"again")
        take(subscription).reject()
        assert collect(subscription, {b"again"}) == [b"again"]
        assert subscription.receive(A_WHILE) is None


def test_a_message_rejected_with_a_delay_comes_after_it(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"later")
        delivery = take(subscription)
        before = time.monotonic()
        delivery.reject(1.0)
        assert collect(subscription, {b"later"}) == [b"later"]
        assert time.monotonic() - before >= 0.95


def test_a_delayed_message_holds_up_no_other(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"later")
        take(subscription).reject(20.0)
        backend.publish("jobs", b"now")
        assert collect(subscription, {b"now"}, within=15) == [b"now"]


def test_a_second_answer_to_a_message_changes_nothing(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"done")
        delivery = take(subscription)
        delivery.acknowledge()
        delivery.acknowledge()
        delivery.reject()
        assert subscription.receive(A_WHILE) is None
        backend.publish("jobs", b"back")
        delivery = take(subscription)
        delivery.reject()
        delivery.acknowledge()
        assert collect(subscription, {b"back"}) == [b"back"]


def test_several_messages_may_be_held_at_once(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        for body in bodies(20):
            backend.publish("jobs", body)
        held = [take(subscription) for _ in range(20)]
        assert {delivery.body for delivery in held} == set(bodies(20))
        for delivery in reversed(held):
            delivery.acknowledge()
        assert subscription.receive(A_WHILE) is None


def test_the_depth_tells_what_is_left_to_do(backend: Backend) -> None:
    if not backend.capabilities.knows_depth:
        assert backend.depth("jobs") is None
        return
    with backend.subscribe(["jobs"]) as subscription:
        for body in bodies(5):
            backend.publish("jobs", body)
        held = [take(subscription), take(subscription)]
        for delivery in held:
            delivery.acknowledge()
        wait_for_depth(backend, 3)
        collect(subscription, set(bodies(5)) - {delivery.body for delivery in held})
        wait_for_depth(backend, 0)


def test_a_queue_that_nobody_used_is_empty(backend: Backend) -> None:
    depth = backend.depth("jobs.never-used")
    assert depth is None or (depth.waiting, depth.in_flight, depth.oldest) == (0, 0, None)


def wait_for_depth(backend: Backend, waiting: int) -> None:
    """Wait until the broker's figures, which may lag, say that so many wait and none is held."""
    deadline = time.monotonic() + 10
    while True:
        depth = backend.depth("jobs")
        assert depth is not None
        if (depth.waiting, depth.in_flight) == (waiting, 0):
            return
        assert time.monotonic() < deadline, depth
        gevent.sleep(0.05)


def test_many_greenlets_publish_at_once(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription, hub_stays_free():
        pool = Pool(64)
        pool.map(lambda body: backend.publish("jobs", body), bodies(500))
        assert sorted(collect(subscription, set(bodies(500)))) == sorted(bodies(500))


@pytest.mark.slow
def test_ten_thousand_messages_all_arrive_once(backend: Backend) -> None:
    wanted = bodies(10_000)
    with backend.subscribe(["jobs"]) as subscription, hub_stays_free():
        publishing = gevent.spawn(Pool(32).map, lambda body: backend.publish("jobs", body), wanted)
        assert sorted(collect(subscription, set(wanted), within=100)) == sorted(wanted)
        publishing.get()


def test_waiting_does_not_hold_up_the_hub(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription, hub_stays_free():
        assert subscription.receive(1.5) is None


def test_a_healthy_broker_is_told_from_a_closed_backend(backend: Backend) -> None:
    backend.check_health()
    backend.close()
    with pytest.raises(QueueError):
        backend.check_health()
