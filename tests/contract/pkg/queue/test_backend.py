"""What every queue backend promises."""

import time
from collections import Counter

import gevent
import pytest

from pikoci.pkg.queue import MAX_BODY, Backend, Delivery, QueueClosedError, Subscription

SOON = 10.0
NOTHING = 0.05


def receive(subscription: Subscription) -> Delivery:
    delivery = subscription.receive(SOON)
    assert delivery is not None
    return delivery


def receive_all(subscription: Subscription, timeout: float = NOTHING) -> list[bytes]:
    bodies = []
    while (delivery := subscription.receive(timeout)) is not None:
        bodies.append(delivery.body)
        delivery.acknowledge()
    return bodies


def test_a_message_goes_round(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as subscription:
        backend.publish(queue, b"42")
        delivery = receive(subscription)
        assert (delivery.queue, delivery.body) == (queue, b"42")
        delivery.acknowledge()
        assert subscription.receive(NOTHING) is None


def test_a_message_waits_for_its_first_subscriber(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"early")
    with backend.subscribe([queue]) as subscription:
        assert receive(subscription).body == b"early"


def test_a_waiting_receive_is_woken(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as subscription:
        waiting = gevent.spawn(subscription.receive, SOON)
        gevent.sleep(0)
        backend.publish(queue, b"1")
        delivery = waiting.get(timeout=SOON)
        assert delivery is not None
        assert delivery.body == b"1"


def test_receive_keeps_its_timeout(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as subscription:
        before = time.monotonic()
        assert subscription.receive(0.1) is None
        assert 0.09 <= time.monotonic() - before < SOON
        assert subscription.receive(0.0) is None


@pytest.mark.parametrize("body", [b"", b"\0\xff\xfe", b"x" * MAX_BODY])
def test_any_bytes_come_back_as_they_were(backend: Backend, queue: str, body: bytes) -> None:
    with backend.subscribe([queue]) as subscription:
        backend.publish(queue, body)
        assert receive(subscription).body == body


def test_a_body_that_is_too_large_is_refused(backend: Backend, queue: str) -> None:
    with pytest.raises(ValueError, match=str(MAX_BODY)):
        backend.publish(queue, b"x" * (MAX_BODY + 1))


def test_a_subscription_can_have_several_queues_and_none_starves(backend: Backend, queue: str) -> None:
    queues = [queue, f"{queue}-b"]
    with backend.subscribe(queues) as subscription:
        for _ in range(20):
            backend.publish(queues[0], b"busy")
        backend.publish(queues[1], b"quiet")
        seen = [receive(subscription) for _ in range(21)]
        assert Counter(delivery.queue for delivery in seen) == {queues[0]: 20, queues[1]: 1}
        assert b"quiet" in [delivery.body for delivery in seen[:5]]


def test_queues_do_not_mix(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as subscription:
        backend.publish(f"{queue}-other", b"1")
        assert subscription.receive(NOTHING) is None


def test_two_consumers_share_and_never_hold_one_message_both(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as one, backend.subscribe([queue]) as two:
        readers = [gevent.spawn(receive_all, subscription, 0.3) for subscription in (one, two)]
        for number in range(200):
            backend.publish(queue, str(number).encode())
            if number % 20 == 0:
                gevent.sleep(0)
        gevent.joinall(readers, timeout=SOON, raise_error=True)
        seen = Counter(body for reader in readers for body in reader.get())
        assert seen == {str(number).encode(): 1 for number in range(200)}


def test_what_a_dead_consumer_held_comes_again(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"kept")
    backend.publish(queue, b"done")
    first = backend.subscribe([queue])
    held = {delivery.body: delivery for delivery in (receive(first), receive(first))}
    held[b"done"].acknowledge()
    first.close()
    with backend.subscribe([queue]) as second:
        assert receive(second).body == b"kept"
        assert second.receive(NOTHING) is None


def test_a_closing_consumer_wakes_another_for_what_it_held(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"1")
    first = backend.subscribe([queue])
    receive(first)
    with backend.subscribe([queue]) as second:
        waiting = gevent.spawn(second.receive, SOON)
        gevent.sleep(0)
        first.close()
        delivery = waiting.get(timeout=SOON)
        assert delivery is not None
        assert delivery.body == b"1"


def test_a_rejected_message_comes_again(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"1")
    with backend.subscribe([queue]) as subscription:
        receive(subscription).reject()
        assert receive(subscription).body == b"1"


def test_a_message_rejected_with_a_delay_comes_again_later(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"1")
    with backend.subscribe([queue]) as subscription:
        receive(subscription).reject(delay=0.2)
        assert receive(subscription).body == b"1"


def test_settling_twice_is_settling_once(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"1")
    with backend.subscribe([queue]) as subscription:
        delivery = receive(subscription)
        delivery.acknowledge()
        delivery.acknowledge()
        delivery.reject()
        assert subscription.receive(NOTHING) is None


def test_settling_after_the_subscription_closed_does_nothing(backend: Backend, queue: str) -> None:
    backend.publish(queue, b"1")
    first = backend.subscribe([queue])
    delivery = receive(first)
    first.close()
    delivery.acknowledge()
    delivery.reject()
    with backend.subscribe([queue]) as second:
        assert receive_all(second) == [b"1"]


def test_closing_a_subscription_ends_a_waiting_receive(backend: Backend, queue: str) -> None:
    subscription = backend.subscribe([queue])
    waiting = gevent.spawn(subscription.receive, SOON)
    gevent.sleep(0)
    subscription.close()
    subscription.close()
    waiting.join(timeout=SOON)
    assert isinstance(waiting.exception, QueueClosedError)
    with pytest.raises(QueueClosedError):
        subscription.receive(0)


def test_closing_the_backend_closes_everything(backend: Backend, queue: str) -> None:
    subscription = backend.subscribe([queue])
    backend.close()
    backend.close()
    with pytest.raises(QueueClosedError):
        subscription.receive(0)
    with pytest.raises(QueueClosedError):
        backend.publish(queue, b"1")
    with pytest.raises(QueueClosedError):
        backend.subscribe([queue])


def test_a_waiting_receive_never_stops_the_hub(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as subscription:
        waiting = gevent.spawn(subscription.receive, 0.3)
        turns = 0
        while not waiting.ready():
            turns += 1
            gevent.sleep(0.01)
        assert turns > 5


def test_ten_thousand_messages_arrive_once_each(backend: Backend, queue: str) -> None:
    with backend.subscribe([queue]) as subscription:
        for number in range(10_000):
            backend.publish(queue, str(number).encode())
        assert Counter(receive_all(subscription)) == {str(number).encode(): 1 for number in range(10_000)}


def test_depth_counts_what_waits_and_what_is_held(backend: Backend, queue: str) -> None:
    if not backend.capabilities.knows_depth:
        assert backend.depth(queue) is None
        return
    with backend.subscribe([queue]) as subscription:
        for _ in range(3):
            backend.publish(queue, b"1")
        held = receive(subscription)
        depth = backend.depth(queue)
        assert depth is not None
        assert (depth.waiting, depth.in_flight) == (2, 1)
        held.acknowledge()
        receive_all(subscription)
        depth = backend.depth(queue)
        assert depth is not None
        assert (depth.waiting, depth.in_flight, depth.oldest) == (0, 0, None)


def test_a_healthy_backend_says_so(backend: Backend) -> None:
    backend.check_health()
