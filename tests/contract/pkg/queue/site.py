"""Where a contract test finds its broker, and what it does there again and again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gevent

from pikoci.pkg.queue import Backend, Delivery, QueueSettings, QueueUnavailableError, Subscription, open_backend
from tests.services.broker import Broker
from tests.services.kafka import KafkaServer
from tests.services.nats import NatsServer
from tests.services.proxy import Proxy
from tests.services.rabbitmq import RabbitmqServer

BROKERS: dict[str, type[Broker]] = {"nats": NatsServer, "rabbit": RabbitmqServer, "kafka": KafkaServer}
ADDRESSES = {"nats": "nats_url", "rabbit": "rabbit_url", "kafka": "kafka_brokers"}
REMOTE = tuple(BROKERS)
SYSTEMS = ("mem", *REMOTE)

ROOT = Path(__file__).resolve().parents[4]
#: Something that must happen has happened after so many seconds, also on a busy machine.
DEADLINE = 80.0
#: Long enough for what must not happen to show itself.
A_WHILE = 0.5
#: Longer than a busy machine leaves a greenlet waiting, shorter than any call that blocks the hub.
HICCUP = 0.5
#: Seconds between two readings of what the processors kept waiting.
READING = 0.1


@dataclass(frozen=True)
class Site:
    """One installation's queues on one broker."""

    system: str
    settings: QueueSettings
    resources: ExitStack

    def open(self, **changes: Any) -> Backend:
        """Open one more backend, closed with the test; `changes` are to its settings."""
        backend = open_backend(self.system, replace(self.settings, **changes))
        self.resources.callback(backend.close)
        return backend


@dataclass(frozen=True)
class Outage(Site):
    """A site whose broker may be stopped."""

    broker: Broker

    def open_through_proxy(self, **changes: Any) -> tuple[Backend, Proxy]:
        """Open a backend that reaches the broker through a proxy."""
        proxy = self.resources.enter_context(self.broker.proxied())
        return self.open(**{ADDRESSES[self.system]: self.broker.address_through(proxy), **changes}), proxy


def settings_for(system: str, address: str, prefix: str) -> QueueSettings:
    """Settings for a broker at an address."""
    changes: dict[str, Any] = {ADDRESSES[system]: address}
    return replace(QueueSettings(prefix=prefix), **changes)


def take(subscription: Subscription, within: float = DEADLINE) -> Delivery:
    """The next message; waits also while the broker is away."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            delivery = subscription.receive(1.0)
        except QueueUnavailableError:
            gevent.sleep(0.05)
            continue
        if delivery is not None:
            return delivery
    raise AssertionError(f"nothing came in {within} seconds")


def collect(subscription: Subscription, wanted: set[bytes], within: float = DEADLINE) -> list[bytes]:
    """Receive and acknowledge until all that is wanted has come."""
    deadline = time.monotonic() + within
    came: list[bytes] = []
    missing = set(wanted)
    while missing:
        delivery = take(subscription, deadline - time.monotonic())
        came.append(delivery.body)
        missing.discard(delivery.body)
        try:
            delivery.acknowledge()
        except QueueUnavailableError:
            missing.add(delivery.body)
    return came


def publish_at_last(backend: Backend, queue: str, *messages: bytes, within: float = DEADLINE) -> None:
    """Publish, again and again while the broker is away."""
    deadline = time.monotonic() + within
    while True:
        try:
            return backend.publish(queue, *messages)
        except QueueUnavailableError:
            if time.monotonic() > deadline:
                raise
            gevent.sleep(0.05)


def bodies(count: int, text: str = "message") -> list[bytes]:
    """Different messages."""
    return [f"{text} {number}".encode() for number in range(count)]


@contextmanager
def hub_stays_free() -> Iterator[None]:
    """Fail when the hub stands still for longer than a hiccup, beside the time in which others had the processors.

    Starting a program holds the hub too, so it has no place in here.
    """
    gaps = [0.0]

    def tick() -> None:
        waits, read = waits_for_processor(), time.monotonic()
        while True:
            began = time.monotonic()
            gevent.sleep(0.005)
            ended = time.monotonic()
            waited = 0.0
            if ended - began >= HICCUP:  # else no wait matters, and to read them takes a millisecond
                waited = sum(until - waits.get(thread, 0.0) for thread, until in waits_for_processor().items())
            gaps.append(ended - began - waited)
            if ended - read > READING:
                waits, read = waits_for_processor(), time.monotonic()

    ticker = gevent.spawn(tick)
    try:
        gevent.sleep(0)
        yield
        gevent.sleep(0.01)
    finally:
        ticker.kill()
    assert max(gaps) < HICCUP, f"the hub stood still for {max(gaps):.3f} s"


def waits_for_processor() -> dict[str, float]:
    """How many seconds each thread could have run so far and was not let (sched-stats.rst of Linux); empty if unknown.

    Of all threads: one that is not let while it has the interpreter keeps it from the hub's.
    """
    found = {}
    for task in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # the thread has ended
            found[task.parent.name] = int(task.read_text().split()[1]) / 1e9
    return found


@contextmanager
def another_process(site: Site, queue: str, redelivery: float) -> Iterator[subprocess.Popen[str]]:
    """A process that takes messages from a queue, prints them and never answers them."""
    address = getattr(site.settings, ADDRESSES[site.system])
    with subprocess.Popen(
        [sys.executable, "-m", "tests.contract.pkg.queue.holder", site.system, site.settings.prefix, queue],
        cwd=ROOT,
        env={**os.environ, "ADDRESS": address, "REDELIVERY": str(redelivery)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
