"""The queues in RabbitMQ: made when missing, durable and replicated, and asked for their depth."""

from __future__ import annotations

import gevent
import structlog
from gevent.lock import RLock
from pika.connection import Connection
from pika.exceptions import ChannelClosedByBroker

from pikoci.pkg.queue.backend import QueueConfigurationError, QueueUnavailableError
from pikoci.pkg.queue.names import safe_name
from pikoci.pkg.queue.rabbit.connection import RabbitConnection

_log = structlog.get_logger(__name__)
_QUORUM: dict[str, object] = {"x-queue-type": "quorum"}
#: RabbitMQ 4 drops a message after 20 deliveries unless told otherwise; RabbitMQ 3 has no limit and refuses this one.
_UNLIMITED: dict[str, object] = {"x-delivery-limit": -1}
_MISSING = 404
#: RabbitMQ writes its list of quorum queues to disk twice a second. A node that is killed before it has written a new
#: one starts with that queue broken for good (seen with 3.10), whatever it had confirmed there.
_SETTLE_SECONDS = 1.0


class RabbitQueues:
    """How an installation's queues are named and set up: one durable quorum queue each, `<prefix>-<name>`."""

    def __init__(self, prefix: str, connection: RabbitConnection) -> None:
        self._prefix = prefix
        self._connection = connection
        self._known: dict[str, Connection] = {}  # name -> the connection on which it was seen
        self._lock = RLock()

    def name(self, queue: str) -> str:
        """What a queue is called in the broker. Raises ValueError for an empty name."""
        return f"{self._prefix}-{safe_name(queue)}"

    def ensure(self, name: str, deadline: float) -> None:
        """Make a queue unless that was done since the connection was made; a new one takes a second longer.

        Raises QueueConfigurationError if there is one of another kind.
        """
        if self._is_known(name):
            return
        with self._lock:
            if self._is_known(name):
                return
            is_new = self._look(name, deadline) is None
            if self._connection.version.partition(".")[0] in {"", "3"}:
                self._declare(name, _QUORUM, deadline)
            else:
                self._declare_unlimited(name, deadline)
            if is_new:
                gevent.sleep(_SETTLE_SECONDS)
            if self._connection.current is not None:
                self._known[name] = self._connection.current

    def forget(self, name: str) -> None:
        """Look again before the queue is used: it may have been removed."""
        self._known.pop(name, None)

    def waiting(self, name: str, deadline: float) -> int:
        """How many messages are ready for delivery; 0 for a queue that does not exist."""
        return self._look(name, deadline) or 0

    def _is_known(self, name: str) -> bool:
        return name in self._known and self._known[name] is self._connection.current

    def _look(self, name: str, deadline: float) -> int | None:
        """How many messages are ready, or None if there is no such queue."""
        with self._connection.channel(deadline) as channel:
            try:
                answer = channel.call(deadline, channel.raw.queue_declare, queue=name, passive=True)
            except QueueUnavailableError:
                if isinstance(channel.closed_by, ChannelClosedByBroker) and channel.closed_by.reply_code == _MISSING:
                    return None
                raise
        return int(answer.method.message_count)

    def _declare(self, name: str, arguments: dict[str, object], deadline: float) -> None:
        with self._connection.channel(deadline) as channel:
            channel.call(deadline, channel.raw.queue_declare, queue=name, durable=True, arguments=arguments)

    def _declare_unlimited(self, name: str, deadline: float) -> None:
        """A queue that RabbitMQ 3 made has no limit among its arguments, and those can't be changed."""
        try:
            self._declare(name, _QUORUM | _UNLIMITED, deadline)
        except QueueConfigurationError as error:
            if "'x-delivery-limit'" not in str(error):
                raise
            self._declare(name, _QUORUM, deadline)
            _log.warning(
                "a queue in RabbitMQ drops messages that come back often; set a policy with delivery-limit -1",
                broker=self._connection.name,
                queue=name,
            )
