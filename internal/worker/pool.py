"""Slots for one kind of work, and the loop that fills them from a queue."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import structlog
from gevent.event import Event
from gevent.pool import Pool

from pikoci.internal.domain.clock import Clock
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.users import Lender, Loan
from pikoci.pkg.queue.backend import Delivery, QueueClosedError, QueueError, Subscription

_log = structlog.get_logger(__name__)
_SLOT_WAIT = 1.0
_AFTER_ERROR = 5.0


class WorkPool:
    """Receives a message only when a slot and a user are free, and handles each in a greenlet of its own.

    `handle` must acknowledge or reject the message. `last_poll` is when the queue last answered, None before;
    `asking_since` since when, on the monotonic clock, it owes an answer, None while nothing is asked.
    """

    def __init__(
        self,
        name: str,
        subscription: Subscription,
        slots: int,
        users: Lender,
        handle: Callable[[Delivery, Loan], None],
        clock: Clock,
        backoff: Backoff,
        receive_timeout: float,
    ) -> None:
        self.name = name
        self.last_poll: float | None = None
        self.asking_since: float | None = None
        self._subscription = subscription
        self._slots = Pool(slots)
        self._users = users
        self._handle = handle
        self._clock = clock
        self._backoff = backoff
        self._receive_timeout = receive_timeout
        self._open = Event()
        self._open.set()
        self._stopped = Event()

    @property
    def busy(self) -> int:
        """How many slots are taken."""
        return len(self._slots)

    def run(self) -> None:
        """Take work until `stop`; what runs then goes on."""
        while not self._stopped.is_set():
            if not self._open.is_set() or self._slots.full():
                self.asking_since = None
            self._open.wait()
            if not self._slots.wait_available(_SLOT_WAIT) or self._slots.full():
                continue
            if (loan := self._users.borrow(_SLOT_WAIT)) is None:
                self.asking_since = None
                continue
            if self.asking_since is None:
                self.asking_since = self._clock.monotonic()
            try:
                delivery = self._receive()
            except QueueClosedError:
                loan.give_back()
                break
            if delivery is None:
                loan.give_back()
                gevent.sleep(0)  # who waits for a user comes before this pool's next turn
            else:
                self._take(delivery, loan)
        self.asking_since = None

    def pause(self) -> None:
        """Take nothing new until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        """Take work again."""
        self._open.set()

    def stop(self) -> None:
        """Take nothing new, ever; an unhandled message goes back to its queue."""
        self._stopped.set()
        self._open.set()
        self._subscription.close()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all slots are free; False if they are not after `timeout` seconds."""
        return self._slots.join(timeout=timeout) is not False and not len(self._slots)

    def _receive(self) -> Delivery | None:
        """The next message, None when there is none yet. Raises QueueClosedError."""
        try:
            delivery = self._subscription.receive(self._receive_timeout)
        except QueueClosedError:
            raise
        except Exception as error:  # noqa: BLE001 - a worker that stops listening would look well and do nothing
            if isinstance(error, QueueError):
                _log.warning("queue away", queue=self.name, error=str(error))
            else:
                _log.exception("cannot receive", queue=self.name)
            self._stopped.wait(self._backoff.pause())
            return None
        self._backoff.reset()
        self.last_poll = self._clock.now()
        self.asking_since = None
        return delivery

    def _take(self, delivery: Delivery, loan: Loan) -> None:
        if self._stopped.is_set() or not self._open.is_set():
            give_back(delivery)
            loan.give_back()
        else:
            self._slots.spawn(self._handle_one, delivery, loan)

    def _handle_one(self, delivery: Delivery, loan: Loan) -> None:
        try:
            self._handle(delivery, loan)
        except Exception:  # noqa: BLE001 - the outermost call of a slot's greenlet
            _log.exception("message not handled", queue=self.name)
            give_back(delivery, _AFTER_ERROR)
        finally:
            loan.give_back()


def acknowledge(delivery: Delivery) -> None:
    """Be done with a message. If the broker is away it may come again, and the claim then says no."""
    try:
        delivery.acknowledge()
    except QueueError as error:
        _log.warning("cannot acknowledge", queue=delivery.queue, error=str(error))


def give_back(delivery: Delivery, delay: float = 0.0) -> None:
    """Return a message. If the broker is away it comes again by itself, or the server rings again."""
    try:
        delivery.reject(delay)
    except QueueError as error:
        _log.warning("cannot reject", queue=delivery.queue, error=str(error))
