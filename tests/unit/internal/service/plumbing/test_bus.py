"""Wake-ups."""

from collections.abc import Callable

import gevent

from pikoci.internal.domain.queues import jobs_queue
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE, EventBus, Wakeup


def test_being_set_twice_is_being_set_once() -> None:
    wakeup = Wakeup()
    wakeup.set()
    wakeup.set()
    assert wakeup.wait(0)
    assert not wakeup.wait(0)


def test_a_topic_wakes_all_who_wait_for_it_and_no_other() -> None:
    bus = EventBus()
    with bus.subscribe("a") as one, bus.subscribe("a", "b") as two, bus.subscribe("b") as three:
        bus.notify("a")
        assert [one.wait(0), two.wait(0), three.wait(0)] == [True, True, False]


def test_a_waiting_greenlet_is_woken() -> None:
    bus = EventBus()
    with bus.subscribe("a") as wakeup:
        waiting = gevent.spawn(wakeup.wait, 10)
        gevent.sleep(0)
        bus.notify("a")
        assert waiting.get(timeout=30)


def test_nothing_is_left_of_a_subscription() -> None:
    bus = EventBus()
    with bus.subscribe("a", "b"):
        assert bus.topics == {"a", "b"}
    bus.notify("a")
    assert bus.topics == frozenset()


def test_queue_names() -> None:
    assert jobs_queue([]) == "jobs"
    assert jobs_queue(["linux", "arm"]) == jobs_queue(["arm", "linux"]) == "jobs.arm+linux"


class FakeRelay:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def receive(self, wake: Callable[[str], None]) -> None:
        self.wake = wake

    def send(self, topic: str) -> None:
        self.sent.append(topic)


def test_a_relay_gets_what_concerns_other_servers() -> None:
    relay = FakeRelay()
    bus = EventBus(relay)
    for topic in ("build/1", SCHEDULE, CHECKS, "worker/w"):
        bus.notify(topic)
    assert relay.sent == ["build/1", "worker/w"]


def test_what_a_relay_brings_wakes_and_is_not_sent_again() -> None:
    relay = FakeRelay()
    bus = EventBus(relay)
    with bus.subscribe("build/1") as wakeup:
        relay.wake("build/1")
        relay.wake("build/2")
        assert wakeup.wait(0)
    assert relay.sent == []
