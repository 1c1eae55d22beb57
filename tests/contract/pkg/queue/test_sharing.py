"""Several consumers share a queue; a message is in the hands of one, and comes to another when that one dies."""

import signal
import time

import gevent
import pytest

from pikoci.pkg.queue import Delivery, Subscription
from tests.contract.pkg.queue.site import DEADLINE, Site, another_process, bodies, collect, hub_stays_free, take

SHORT_REDELIVERY = 2.0


def test_a_message_comes_again_when_its_consumer_is_killed(remote_site: Site) -> None:
    backend = remote_site.open(redelivery=SHORT_REDELIVERY)
    backend.publish("jobs", b"held")
    with another_process(remote_site, "jobs", SHORT_REDELIVERY) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with backend.subscribe(["jobs"]) as subscription:
            assert collect(subscription, {b"held"}, within=SHORT_REDELIVERY + 15) == [b"held"]


def test_a_message_comes_again_when_its_consumer_stands_still(remote_site: Site) -> None:
    backend = remote_site.open(redelivery=SHORT_REDELIVERY)
    backend.publish("jobs", b"held")
    with another_process(remote_site, "jobs", SHORT_REDELIVERY) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        with backend.subscribe(["jobs"]) as subscription:
            assert collect(subscription, {b"held"}, within=SHORT_REDELIVERY * 2 + 15) == [b"held"]


def test_a_held_message_stays_with_a_living_consumer(remote_site: Site) -> None:
    first, second = remote_site.open(redelivery=SHORT_REDELIVERY), remote_site.open(redelivery=SHORT_REDELIVERY)
    with first.subscribe(["jobs"]) as holding, second.subscribe(["jobs"]) as waiting:
        waiting.receive(0.1)
        first.publish("jobs", b"held")
        delivery, holder = _take_by_one_of(holding, waiting)
        other = waiting if holder is holding else holding
        deadline = time.monotonic() + SHORT_REDELIVERY * 3
        while time.monotonic() < deadline:
            assert other.receive(0.5) is None
        delivery.acknowledge()
        assert other.receive(SHORT_REDELIVERY) is None


def _take_by_one_of(*subscriptions: Subscription) -> tuple[Delivery, Subscription]:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for subscription in subscriptions:
            delivery = subscription.receive(0.2)
            if delivery is not None:
                return delivery, subscription
    raise AssertionError("the message came to nobody")


@pytest.mark.parametrize("consumers", [2, 5])
def test_consumers_share_and_never_hold_one_message_together(remote_site: Site, consumers: int) -> None:
    wanted = set(bodies(200))
    done: list[bytes] = []
    held: set[bytes] = set()

    def consume(subscription: Subscription) -> int:
        count = 0
        while len(done) < len(wanted):
            delivery = subscription.receive(0.2)
            if delivery is not None:
                assert delivery.body not in held, "two consumers hold one message"
                held.add(delivery.body)
                gevent.sleep(0.005)
                held.discard(delivery.body)
                delivery.acknowledge()
                done.append(delivery.body)
                count += 1
        return count

    subscriptions = [remote_site.open().subscribe(["jobs"]) for _ in range(consumers)]
    publisher = remote_site.open()
    with hub_stays_free():
        consuming = [gevent.spawn(consume, subscription) for subscription in subscriptions]
        for body in bodies(200):
            publisher.publish("jobs", body)
        counts = [each.get(timeout=60) for each in consuming]
    assert sorted(done) == sorted(wanted)
    assert sum(1 for count in counts if count) >= 2, f"one consumer took all: {counts}"


def test_a_consumer_takes_no_more_than_it_receives(remote_site: Site) -> None:
    first, second = remote_site.open(), remote_site.open()
    with first.subscribe(["jobs"]) as slow:
        for body in bodies(10):
            first.publish("jobs", body)
        held = take(slow)  # and then it is busy
        with second.subscribe(["jobs"]) as quick:
            rest = set(bodies(10)) - {held.body}
            assert sorted(collect(quick, rest)) == sorted(rest)
            held.acknowledge()
