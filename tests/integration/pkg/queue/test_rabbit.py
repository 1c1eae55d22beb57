"""What only RabbitMQ has: queues of another kind, queues that vanish, and logins."""

import secrets
import time
from collections.abc import Iterator

import gevent
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from pikoci.pkg.queue import (
    Backend,
    QueueConfigurationError,
    QueueSettings,
    QueueUnavailableError,
    open_backend,
)
from pikoci.pkg.queue.rabbit import consuming
from tests.contract.pkg.queue.site import take


@pytest.fixture
def prefix() -> str:
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def backend(rabbitmq_address: str, prefix: str) -> Iterator[Backend]:
    backend = open_backend("rabbit", QueueSettings(prefix=prefix, rabbit_url=rabbitmq_address))
    yield backend
    backend.close()


@pytest.fixture
def channel(rabbitmq_address: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_address))
    yield connection.channel()
    connection.close()


def test_a_queue_of_another_kind_is_refused_with_the_way_out(
    backend: Backend, prefix: str, channel: BlockingChannel
) -> None:
    channel.queue_declare(f"{prefix}-jobs", durable=True)
    with pytest.raises(QueueConfigurationError, match=rf"x-queue-type.*{prefix}-jobs.*delete_queue"):
        backend.publish("jobs", b"lost")
    with backend.subscribe(["jobs"]) as subscription, pytest.raises(QueueConfigurationError, match="x-queue-type"):
        subscription.receive(0.1)
    channel.queue_delete(f"{prefix}-jobs")
    backend.publish("jobs", b"kept")


def test_a_removed_queue_is_made_again_for_the_next_message(
    backend: Backend, prefix: str, channel: BlockingChannel
) -> None:
    backend.publish("jobs", b"gone")
    channel.queue_delete(f"{prefix}-jobs")
    backend.publish("jobs", b"kept", b"too")
    with backend.subscribe(["jobs"]) as subscription:
        came = set()
        for _ in range(2):
            delivery = subscription.receive(10.0)
            assert delivery is not None
            delivery.acknowledge()
            came.add(delivery.body)
        assert came == {b"kept", b"too"}


@pytest.mark.parametrize("pause", [0.0, 1.0], ids=["remade at once", "remade after the broker told"])
def test_a_waiting_consumer_outlives_its_queue(
    backend: Backend, prefix: str, channel: BlockingChannel, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    monkeypatch.setattr(consuming, "_RENEW_SECONDS", 2.0)
    with backend.subscribe(["jobs"]) as subscription:
        subscription.receive(0.1)
        waiting = gevent.spawn(subscription.receive, 30.0)
        gevent.sleep(0.1)
        channel.queue_delete(f"{prefix}-jobs")
        gevent.sleep(pause)
        backend.publish("jobs", b"after")
        delivery = waiting.get(timeout=30)
        assert delivery is not None
        assert delivery.body == b"after"


def test_a_wrong_password_is_told_but_not_shown(rabbitmq_address: str, prefix: str) -> None:
    address = rabbitmq_address.replace("guest:guest@", "guest:not-this-one@")
    settings = QueueSettings(prefix=prefix, rabbit_url=address, publish_timeout=3.0)
    backend = open_backend("rabbit", settings)
    with pytest.raises(QueueUnavailableError) as caught:
        backend.publish("jobs", b"lost")
    backend.close()
    assert "ACCESS_REFUSED" in str(caught.value)
    assert "not-this-one" not in f"{caught.value!r}{settings!r}"


def test_messages_that_nobody_receives_go_to_others(backend: Backend) -> None:
    with backend.subscribe(["jobs", "checks"]) as idle, backend.subscribe(["jobs", "checks"]) as eager:
        assert idle.receive(0.1) is None
        backend.publish("jobs", b"job")
        backend.publish("checks", b"check")
        came: set[bytes] = set()
        deadline = time.monotonic() + 20
        while len(came) < 2 and time.monotonic() < deadline:
            if (delivery := eager.receive(1.0)) is not None:
                delivery.acknowledge()
                came.add(delivery.body)
        assert came == {b"job", b"check"}


def test_the_broker_hands_out_no_more_than_there_are_slots(rabbitmq_address: str, prefix: str) -> None:
    backend = open_backend("rabbit", QueueSettings(prefix=prefix, rabbit_url=rabbitmq_address, slots=2))
    backend.publish("jobs", b"1", b"2", b"3")
    with backend.subscribe(["jobs"]) as subscription:
        held = [take(subscription), take(subscription)]
        assert subscription.receive(0.3) is None
        held[0].acknowledge()
        last = take(subscription)
        assert {held[0].body, held[1].body, last.body} == {b"1", b"2", b"3"}
    backend.close()
