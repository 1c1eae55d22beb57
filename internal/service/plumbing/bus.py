"""Wake-ups: a report wakes those who follow the build, a cancel wakes the worker's stream.

Nothing is carried but the fact that something happened; whoever wakes reads the database. So a missed wake-up costs a
poll's period and never a result. Between the servers of one database a relay carries them, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.event import Event

from pikoci.internal.service.plumbing.ports import Relay


class Wakeup:
    """A flag to wait for; being set twice before somebody looks is being set once."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        """Wake the one who waits, or who will wait next."""
        self._event.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until set, at most `timeout` seconds, and clear; whether it was set."""
        if not self._event.wait(timeout):
            return False
        self._event.clear()
        return True

    def take(self) -> bool:
        """Whether it was set, without waiting; clear it."""
        found = self._event.is_set()
        if found:
            self._event.clear()
        return found


class EventBus:
    """Topics, and who waits for them: greenlets of this process, and through the `relay` those of other servers."""

    def __init__(self, relay: Relay | None = None) -> None:
        self._waiting: dict[str, set[Wakeup]] = {}
        self._relay = relay
        self.closed = False
        if relay is not None:
            relay.receive(self._wake)

    def close(self) -> None:
        """The server ends: wake everyone who waits, so that they look at `closed` and stop. Idempotent."""
        self.closed = True
        for waiting in self._waiting.values():
            for wakeup in waiting:
                wakeup.set()

    def notify(self, topic: str) -> None:
        """Wake all who are subscribed to the topic, on other servers soon after; cheap when nobody is."""
        self._wake(topic)
        if self._relay is not None and topic not in LOCAL:
            self._relay.send(topic)

    @property
    def topics(self) -> frozenset[str]:
        """The topics that somebody is subscribed to."""
        return frozenset(self._waiting)

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Wakeup]:
        """A wake-up that any of the topics sets, for as long as the context lasts."""
        wakeup = Wakeup()
        for topic in topics:
            self._waiting.setdefault(topic, set()).add(wakeup)
        try:
            yield wakeup
        finally:
            for topic in topics:
                self._drop(topic, wakeup)

    def _wake(self, topic: str) -> None:
        for wakeup in self._waiting.get(topic, ()):
            wakeup.set()

    def _drop(self, topic: str, wakeup: Wakeup) -> None:
        waiting = self._waiting[topic]
        waiting.discard(wakeup)
        if not waiting:
            del self._waiting[topic]


#: Set whenever a session or an API token has ended.
LOGINS = "logins"
#: Topics that wake the scheduler's loops.
SCHEDULE = "schedule"
CHECKS = "checks"
DELETIONS = "deletions"
#: They stay on this server: its own scheduler does the work, and each further one would only look for it in vain.
LOCAL = frozenset({SCHEDULE, CHECKS, DELETIONS})


def build_topic(build_id: int) -> str:
    """Set whenever a build, its steps or its log changed."""
    return f"build/{build_id}"


def worker_topic(name: str) -> str:
    """Set whenever something is wanted of a worker."""
    return f"worker/{name}"
