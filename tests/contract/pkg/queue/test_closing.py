"""Closing ends every wait, and gives back what is held."""

import time

import gevent
import pytest

from pikoci.pkg.queue import Backend, QueueClosedError
from tests.contract.pkg.queue.site import A_WHILE, Site, collect, hub_stays_free, take


def test_closing_a_subscription_ends_a_waiting_receive(backend: Backend) -> None:
    subscription = backend.subscribe(["jobs"])
    subscription.receive(0.1)
    waiting = gevent.spawn(subscription.receive, 60.0)
    gevent.sleep(0.2)
    before = time.monotonic()
    with hub_stays_free():
        subscription.close()
        with pytest.raises(QueueClosedError):
            waiting.get(timeout=30)
    assert time.monotonic() - before < 5


def test_closing_the_backend_ends_a_waiting_receive(backend: Backend) -> None:
    subscription = backend.subscribe(["jobs", "checks"])
    subscription.receive(0.1)
    waiting = gevent.spawn(subscription.receive, 60.0)
    gevent.sleep(0.2)
    with hub_stays_free():
        backend.close()
        with pytest.raises(QueueClosedError):
            waiting.get(timeout=30)


def test_what_was_held_goes_back_when_its_subscription_closes(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as first:
        backend.publish("jobs", b"held")
        assert take(first).body == b"held"
    with backend.subscribe(["jobs"]) as second:
        assert collect(second, {b"held"}, within=15) == [b"held"]


def test_only_what_was_not_acknowledged_goes_back(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as first:
        backend.publish("jobs", b"done")
        backend.publish("jobs", b"kept")
        held = {delivery.body: delivery for delivery in (take(first), take(first))}
        held[b"done"].acknowledge()
    with backend.subscribe(["jobs"]) as second:
        assert collect(second, {b"kept"}, within=15) == [b"kept"]
        assert second.receive(A_WHILE) is None


def test_what_was_held_goes_back_when_the_backend_closes(remote_site: Site) -> None:
    first, second = remote_site.open(), remote_site.open()
    subscription = first.subscribe(["jobs"])
    first.publish("jobs", b"held")
    assert take(subscription).body == b"held"
    first.close()
    with second.subscribe(["jobs"]) as other:
        assert collect(other, {b"held"}, within=15) == [b"held"]


def test_an_answer_after_closing_is_harmless(backend: Backend) -> None:
    subscription = backend.subscribe(["jobs"])
    backend.publish("jobs", b"held")
    delivery = take(subscription)
    subscription.close()
    delivery.acknowledge()
    delivery.reject()
    with backend.subscribe(["jobs"]) as other:
        assert collect(other, {b"held"}, within=15) == [b"held"]


def test_a_closed_subscription_says_so(backend: Backend) -> None:
    subscription = backend.subscribe(["jobs"])
    subscription.close()
    subscription.close()
    with pytest.raises(QueueClosedError):
        subscription.receive(1.0)


def test_a_closed_backend_says_so(backend: Backend) -> None:
    subscription = backend.subscribe(["jobs"])
    backend.close()
    backend.close()
    for call in (
        lambda: backend.publish("jobs", b"late"),
        lambda: backend.subscribe(["jobs"]),
        lambda: subscription.receive(1.0),
        lambda: backend.depth("jobs"),
        backend.check_health,
    ):
        with pytest.raises(QueueClosedError):
            call()


def test_a_backend_that_was_never_used_closes_at_once(backend: Backend) -> None:
    before = time.monotonic()
    backend.close()
    assert time.monotonic() - before < 5
