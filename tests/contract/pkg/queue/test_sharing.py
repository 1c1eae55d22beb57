"""Several consumers share a queue; what one of them holds comes to another when that one dies."""

import signal

import gevent
import pytest

from pikoci.pkg.queue import Subscription
from tests.contract.pkg.queue.site import Site, another_process, bodies, collect, hub_stays_free, take

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


@pytest.mark.parametrize("consumers", [2, 5])
def test_consumers_share_and_miss_nothing(remote_site: Site, consumers: int) -> None:
    wanted = set(bodies(200))
    done: set[bytes] = set()

    def consume(subscription: Subscription) -> int:
        count = 0
        while len(done) < len(wanted):
            delivery = subscription.receive(0.2)
            if delivery is not None:
                gevent.sleep(0.005)
                delivery.acknowledge()
                done.add(delivery.body)
                count += 1
        return count

    subscriptions = [remote_site.open().subscribe(["jobs"]) for _ in range(consumers)]
    publisher = remote_site.open()
    with hub_stays_free():
        consuming = [gevent.spawn(consume, subscription) for subscription in subscriptions]
        for body in bodies(200):
            publisher.publish("jobs", body)
        counts = [each.get(timeout=60) for each in consuming]
    assert done == wanted
    assert sum(1 for count in counts if count) >= 2, f"one consumer took all: {counts}"


def test_a_consumer_takes_no_more_than_it_receives(remote_site: Site) -> None:
    first, second = remote_site.open(), remote_site.open()
    with first.subscribe(["jobs"]) as slow:
        for body in bodies(10):
            first.publish("jobs", body)
        taken = take(slow)
        taken.acknowledge()  # and then it is busy
        with second.subscribe(["jobs"]) as quick:
            rest = set(bodies(10)) - {taken.body}
            assert sorted(collect(quick, rest)) == sorted(rest)
