"""What only Kafka has: partitions, offsets, and consumers with names."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import gevent
import pytest
from kafka import KafkaConsumer
from structlog.testing import capture_logs

from pikoci.pkg.queue import Delivery, QueueUnavailableError, Subscription
from tests.contract.pkg.queue.site import (
    A_WHILE,
    DEADLINE,
    Site,
    another_process,
    bodies,
    collect,
    publish_at_last,
    settings_for,
    take,
)
from tests.services.kafka import KafkaServer


@pytest.fixture
def kafka(kafka_address: str) -> Iterator[Site]:
    with ExitStack() as resources:
        yield Site("kafka", settings_for("kafka", kafka_address, f"test-{secrets.token_hex(4)}"), resources)


def test_a_topic_with_few_partitions_is_used_with_one_warning(kafka: Site) -> None:
    kafka.open(kafka_partitions=1).publish("jobs", b"made")
    backend = kafka.open(kafka_partitions=8)
    with capture_logs() as logs, backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"also")
        collect(subscription, {b"made", b"also"})
    warnings = [each for each in logs if each["log_level"] == "warning"]
    assert [(each["partitions"], each["wanted"]) for each in warnings] == [(1, 8)]


def test_only_what_is_acknowledged_in_order_is_stored(kafka: Site) -> None:
    backend = kafka.open(kafka_partitions=1)
    for body in bodies(6):
        backend.publish("jobs", body)
    with backend.subscribe(["jobs"]) as first:
        held = [take(first) for _ in range(6)]
        for number in (5, 1, 3, 0):
            held[number].acknowledge()
    with backend.subscribe(["jobs"]) as second:
        rest = [each.body for each in held[2:]]
        assert collect(second, set(rest)) == rest
        assert second.receive(A_WHILE) is None


def test_what_is_done_is_stored_again_when_that_was_lost_without_a_word(
    kafka: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would count as waiting until the next message of its partition."""
    backend = kafka.open(kafka_partitions=1)
    backend.publish("jobs", b"done")
    with backend.subscribe(["jobs"]) as subscription:
        delivery = take(subscription)
        lost: list[object] = []
        with monkeypatch.context() as losing:
            losing.setattr(KafkaConsumer, "commit_async", lambda *arguments, **_: lost.append(arguments))
            delivery.acknowledge()
            with gevent.Timeout(DEADLINE):
                while not lost:
                    subscription.receive(0.1)
        with gevent.Timeout(DEADLINE):
            while (depth := backend.depth("jobs")) is None or depth.waiting:
                gevent.sleep(0.2)


def test_a_busy_consumer_leaves_what_waits_to_others_and_comes_back(kafka: Site) -> None:
    backend = kafka.open(kafka_partitions=4, consumer="busy")
    with backend.subscribe(["jobs"]) as busy, kafka.open(consumer="other").subscribe(["jobs"]) as other:
        backend.publish("jobs", b"first")
        take_by_either(busy, other).acknowledge()
        for round_ in range(2):
            wanted = {f"{round_} {number}".encode() for number in range(16)}
            for body in wanted:  # some go to each one's partitions
                backend.publish("jobs", body)
            assert set(collect(other if round_ else busy, wanted, within=40)) == wanted


def take_by_either(*subscriptions: Subscription) -> Delivery:
    with gevent.Timeout(DEADLINE):
        while True:
            for subscription in subscriptions:
                if (delivery := subscription.receive(0.2)) is not None:
                    return delivery


def test_a_consumer_with_a_name_finds_its_partitions_again(kafka: Site) -> None:
    for round_ in range(2):
        backend = kafka.open(consumer="worker one/a", redelivery=10.0)
        with backend.subscribe(["jobs"]) as subscription:
            publish_at_last(backend, "jobs", f"{round_}".encode())
            collect(subscription, {f"{round_}".encode()}, within=20)
        backend.close()


def test_a_killed_consumer_holds_the_others_up_for_moments_only(kafka: Site) -> None:
    publisher = kafka.open()
    publisher.publish("jobs", b"held")
    with another_process(kafka, "jobs", redelivery=60.0) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with kafka.open(redelivery=60.0).subscribe(["jobs"]) as subscription:
        before = time.monotonic()
        collect(subscription, {b"held"})
        assert time.monotonic() - before < 30


def test_a_refused_login_says_so_without_the_password(kafka: Site) -> None:
    backend = kafka.open(user="me", password="hidden-word", publish_timeout=1.5)  # the broker knows no logins
    with pytest.raises(QueueUnavailableError) as caught:
        backend.check_health()
    assert "hidden-word" not in str(caught.value)


def test_messages_that_were_not_confirmed_leave_nothing_running(private_kafka: KafkaServer) -> None:
    def senders() -> set[threading.Thread]:
        return {each for each in threading.enumerate() if type(each).__module__.startswith("kafka.")}

    others = senders()
    with ExitStack() as resources:
        proxy = resources.enter_context(private_kafka.proxied())
        site = Site("kafka", settings_for("kafka", private_kafka.address_through(proxy), "test"), resources)
        backend = site.open(publish_timeout=1.0)
        publish_at_last(backend, "jobs", b"confirmed")
        assert senders() - others
        proxy.freeze()
        publishing = [gevent.spawn_later(0.3 * number, backend.publish, "jobs", b"on its way") for number in range(3)]
        for each in publishing:
            with pytest.raises(QueueUnavailableError):
                each.get(timeout=30)
        deadline = time.monotonic() + 10
        while senders() - others and time.monotonic() < deadline:
            gevent.sleep(0.05)
        assert not senders() - others
