"""The broker goes away, and the network does; what was confirmed stays, and the backend finds back by itself."""

import time
from contextlib import suppress

import gevent
import pytest

from pikoci.pkg.queue import QueueUnavailableError, Subscription
from tests.contract.pkg.queue.site import (
    A_WHILE,
    DEADLINE,
    Outage,
    bodies,
    collect,
    hub_stays_free,
    publish_at_last,
    take,
)

SHORT = 1.5
#: A bounded wait may take so much longer than its bound, on a busy machine.
SLACK = 3.0


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_no_message_is_lost_over_a_restart(outage: Outage, ending: str) -> None:
    backend = outage.open()
    assert backend.capabilities.survives_restart
    with backend.subscribe(["jobs"]) as subscription:
        for body in bodies(50):
            backend.publish("jobs", body)
        held = take(subscription)
        getattr(outage.broker, ending)()
        outage.broker.start()
        with hub_stays_free():
            came = collect(subscription, set(bodies(50)) - {held.body})
        assert set(came) <= set(bodies(50))


def test_a_message_held_over_a_restart_comes_again(outage: Outage) -> None:
    backend = outage.open(redelivery=SHORT)
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"held")
        take(subscription)
    outage.broker.kill()
    outage.broker.start()
    with backend.subscribe(["jobs"]) as subscription:
        collect(subscription, {b"held"})


def test_publishing_while_the_broker_is_away_fails_in_time_and_works_again_after(outage: Outage) -> None:
    backend = outage.open(publish_timeout=SHORT)
    publish_at_last(backend, "jobs", b"before")
    outage.broker.kill()
    with hub_stays_free():
        for _ in range(2):
            before = time.monotonic()
            with pytest.raises(QueueUnavailableError):
                backend.publish("jobs", b"during")
            assert time.monotonic() - before < SHORT + SLACK
        with pytest.raises(QueueUnavailableError):
            backend.check_health()
    outage.broker.start()
    publish_at_last(backend, "jobs", b"after")
    backend.check_health()
    with backend.subscribe(["jobs"]) as subscription:
        collect(subscription, {b"before", b"after"})


def test_messages_that_travel_together_while_the_connection_is_cut_are_not_lost(outage: Outage) -> None:
    backend, proxy = outage.open_through_proxy()
    backend.publish("jobs", b"before")
    publishing = gevent.spawn(publish_at_last, backend, "jobs", *bodies(300))
    gevent.sleep(0.01)  # somewhere on their way
    proxy.drop()
    publishing.get(timeout=DEADLINE)
    with outage.open().subscribe(["jobs"]) as subscription, hub_stays_free():
        collect(subscription, {b"before", *bodies(300)})


def test_a_backend_may_be_opened_before_its_broker_is_there(outage: Outage) -> None:
    outage.broker.kill()
    backend = outage.open(publish_timeout=SHORT)
    with backend.subscribe(["jobs"]) as subscription:
        with hub_stays_free():
            with pytest.raises(QueueUnavailableError):
                backend.publish("jobs", b"early")
            assert_unavailable(subscription)
        outage.broker.start()
        with hub_stays_free():
            publish_at_last(backend, "jobs", b"late")
            collect(subscription, {b"late"})


def test_a_waiting_consumer_hears_of_an_outage_and_goes_on_after(outage: Outage) -> None:
    backend = outage.open()
    with backend.subscribe(["jobs"]) as subscription:
        subscription.receive(A_WHILE)
        waiting = gevent.spawn(subscription.receive, 30.0)
        gevent.sleep(0.2)
        outage.broker.kill()
        with pytest.raises(QueueUnavailableError):
            waiting.get(timeout=25)
        outage.broker.start()
        publish_at_last(backend, "jobs", b"after")
        collect(subscription, {b"after"})


def test_a_cut_connection_is_made_again(outage: Outage) -> None:
    backend, proxy = outage.open_through_proxy()
    with backend.subscribe(["jobs", "checks"]) as subscription:
        backend.publish("jobs", b"before")
        collect(subscription, {b"before"})
        for round_ in range(3):
            proxy.drop()
            publish_at_last(backend, "checks", f"after {round_}".encode())
            collect(subscription, {f"after {round_}".encode()})


def test_a_message_held_over_a_cut_comes_again(outage: Outage) -> None:
    backend, proxy = outage.open_through_proxy(redelivery=SHORT)
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"held")
        take(subscription)
        proxy.cut()
        with outage.open(redelivery=SHORT).subscribe(["jobs"]) as other:
            collect(other, {b"held"}, within=SHORT * 2 + 20)
        proxy.restore()


def test_an_answer_that_can_not_be_given_harms_nothing(outage: Outage) -> None:
    backend, proxy = outage.open_through_proxy(redelivery=SHORT)
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"held")
        delivery = take(subscription)
        proxy.cut()
        before = time.monotonic()
        with hub_stays_free(), suppress(QueueUnavailableError):
            delivery.acknowledge()
        assert time.monotonic() - before < 5 + SLACK
        proxy.restore()
        publish_at_last(backend, "jobs", b"next")
        collect(subscription, {b"next"})


def test_a_network_that_swallows_everything_blocks_nobody(outage: Outage) -> None:
    backend, proxy = outage.open_through_proxy(publish_timeout=SHORT)
    with backend.subscribe(["jobs"]) as subscription:
        publish_at_last(backend, "jobs", b"before")
        collect(subscription, {b"before"})
        proxy.freeze()
        before = time.monotonic()
        with hub_stays_free(), pytest.raises(QueueUnavailableError):
            backend.publish("jobs", b"during")
        assert time.monotonic() - before < SHORT + SLACK
        proxy.restore()
        publish_at_last(backend, "jobs", b"after")
        collect(subscription, {b"after"})


def test_closing_while_the_broker_is_away_ends_soon(outage: Outage) -> None:
    backend = outage.open()
    subscription = backend.subscribe(["jobs"])
    backend.publish("jobs", b"held")
    take(subscription)
    outage.broker.kill()
    before = time.monotonic()
    with hub_stays_free():
        subscription.close()
        backend.close()
    assert time.monotonic() - before < 10


def test_consumers_wait_out_a_long_cut_while_others_publish(outage: Outage) -> None:
    consumer, proxy = outage.open_through_proxy(redelivery=SHORT)
    publisher = outage.open()
    with consumer.subscribe(["jobs"]) as subscription:
        subscription.receive(A_WHILE)
        proxy.cut()
        assert_unavailable(subscription)
        for body in bodies(20):
            publisher.publish("jobs", body)
        proxy.restore()
        collect(subscription, set(bodies(20)))


def assert_unavailable(subscription: Subscription) -> None:
    """Receive until the consumer notices that the broker is away."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            subscription.receive(A_WHILE)
        except QueueUnavailableError:
            return
        assert time.monotonic() < deadline, "the consumer did not notice"
