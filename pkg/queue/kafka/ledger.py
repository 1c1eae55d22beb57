"""What a consumer has read ahead, what is in whose hands, and what is done: all in memory, per partition."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable

from pikoci.pkg.queue.kafka.message import Envelope, Message
from pikoci.pkg.queue.kafka.progress import Progress

BUFFER = 16  # enough to receive at full speed, few enough to pass on when this consumer is busy
_MOST_DELAYED = 1000


class Ledger:
    """Messages of the partitions that a consumer owns. `clock` and `monotonic` give seconds.

    While a rebalance runs, `frozen` names the only partitions that may hand something out: those that this consumer
    said it holds messages in, and so is sure to keep.
    """

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self.frozen: frozenset[int] | None = None
        self.changed: set[int] = set()
        self._clock = clock
        self._monotonic = monotonic
        self._progress: dict[int, Progress] = {}
        self._ready: deque[Message] = deque()
        self._delayed: list[tuple[float, int, Message]] = []
        self._numbers = itertools.count()
        self._held: set[Message] = set()

    def knows(self, partition: int) -> bool:
        """Whether the partition was begun."""
        return partition in self._progress

    def begin(self, partition: int, progress: Progress) -> None:
        """Take a partition over from whoever had it."""
        self._progress[partition] = progress

    def accept(self, partition: int, offset: int, envelope: Envelope) -> None:
        """Note a message that came; one that was done with before is left out."""
        progress = self._progress[partition]
        if not progress.see(offset):
            self.changed.add(partition)
            return
        message = Message(envelope, partition, offset, progress, self._monotonic())
        wait = envelope.due - self._clock()
        if envelope.due and wait > 0:
            heapq.heappush(self._delayed, (self._monotonic() + wait, next(self._numbers), message))
        else:
            self._ready.append(message)

    def room(self) -> int:
        """How many messages more to read."""
        return BUFFER - len(self._ready) if len(self._delayed) < _MOST_DELAYED else 0

    def take(self) -> Message | None:
        """Hold the next message that may go out."""
        self._ripen()
        for message in self._ready:
            if self.frozen is None or message.partition in self.frozen:
                self.hold(message)
                return message
        return None

    def next_delayed(self) -> float | None:
        """Seconds until a delayed message becomes ready."""
        return max(0.0, self._delayed[0][0] - self._monotonic()) if self._delayed else None

    def stale(self, patience: Callable[[int], float]) -> list[Message]:
        """Messages that wait for longer than one of so many hops should."""
        now = self._monotonic()
        self._ripen()
        return [each for each in self._ready if now - each.seen >= patience(each.envelope.hops)]

    def hold(self, message: Message) -> None:
        """A ready message is in someone's hands."""
        self._ready.remove(message)
        self._held.add(message)
        message.progress.held += 1
        self.changed.add(message.partition)

    def holds(self, message: Message) -> bool:
        """Whether the message is still in someone's hands, and its partition ours."""
        return message in self._held

    def finish(self, message: Message) -> None:
        """A held message is done with; nothing happens if its partition was lost meanwhile."""
        if self._let_go(message):
            message.progress.finish(message.offset)

    def put_back(self, message: Message) -> None:
        """A held message is ready again; nothing happens if its partition was lost meanwhile."""
        if self._let_go(message):
            message.answered = False
            self._ready.append(message)

    def held_partitions(self) -> frozenset[int]:
        """Where messages are held."""
        return frozenset(message.partition for message in self._held)

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget partitions that others own by now."""
        for partition in partitions:
            self._progress.pop(partition, None)
        self.changed &= self._progress.keys()
        self._ready = deque(each for each in self._ready if each.partition in self._progress)
        self._held = {each for each in self._held if each.partition in self._progress}
        self._delayed = [each for each in self._delayed if each[2].partition in self._progress]
        heapq.heapify(self._delayed)

    def give_up(self) -> None:
        """Nobody holds anything any more."""
        for message in list(self._held):
            self.put_back(message)

    def state(self, partitions: Iterable[int]) -> dict[int, tuple[int, str]]:
        """What to store for the partitions of them that were begun: an offset, and a text beside it."""
        return {
            partition: (progress.offset, progress.text())
            for partition in partitions
            if (progress := self._progress.get(partition)) is not None
        }

    def partitions(self) -> frozenset[int]:
        """Those that were begun."""
        return frozenset(self._progress)

    def _let_go(self, message: Message) -> bool:
        if message not in self._held:
            return False
        self._held.discard(message)
        message.progress.held -= 1
        self.changed.add(message.partition)
        return True

    def _ripen(self) -> None:
        now = self._monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])
