"""The library's clients, made when needed and again after trouble.

The library's event loops are threads, so they run as greenlets in a patched process; nothing here blocks the hub.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import gevent
from gevent.lock import RLock
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

from pikoci.pkg.queue.backend import QueueClosedError, QueueUnavailableError
from pikoci.pkg.queue.kafka.address import KafkaAddress
from pikoci.pkg.queue.kafka.refusals import HINTS, LOGIN_HINTS, Refusals
from pikoci.pkg.queue.reasons import explain

T = TypeVar("T")
_LONGEST_PAUSE_MS = 1000  # between the library's own attempts to connect

#: What the library raises when the broker is away, slow, or refuses; RuntimeError is its word for a closed loop.
KAFKA_ERRORS = (KafkaError, OSError, TimeoutError, RuntimeError)


class KafkaClients:
    """One producer for a backend, a consumer for each queue that is consumed, and an administrator now and then.

    `seconds` bounds every request.
    """

    def __init__(self, address: KafkaAddress, seconds: float) -> None:
        self.name = address.name
        self._seconds = seconds
        self._milliseconds = max(500, int(seconds * 1000))
        self._options = {
            **address.options,
            "request_timeout_ms": self._milliseconds,
            "bootstrap_timeout_ms": self._milliseconds,
            "reconnect_backoff_max_ms": _LONGEST_PAUSE_MS,
        }
        self._refusals = Refusals()
        self._hints = HINTS | (LOGIN_HINTS if "sasl_mechanism" in address.options else {})
        self._lock = RLock()
        self._producer: Any = None
        self._closed = False

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Cut a block off after some seconds.

        Raises QueueUnavailableError for anything that goes wrong with the broker, QueueClosedError once closed.
        """
        if self._closed:
            raise QueueClosedError("the queue is closed")
        try:
            with gevent.Timeout(self._seconds, TimeoutError(f"no answer in {self._seconds:g} seconds")):
                yield
        except KAFKA_ERRORS as error:
            if self._closed:
                raise QueueClosedError("the queue is closed") from error
            raise self.unavailable(error) from error

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """Lend an administrator for some requests; bounded as a whole."""
        with self.bounded():
            admin = self._make(KafkaAdminClient)
            try:
                yield admin
            finally:
                _close_later(admin.close)

    def produce(self, topic: str, bodies: Sequence[bytes]) -> None:
        """Return once all replicas that are in sync have the messages; one that the library repeats may come twice."""
        with self.bounded():
            producer = self._get_producer()
            try:
                for each in [producer.send(topic, body) for body in bodies]:
                    each.get(timeout=self._seconds)
            except (*KAFKA_ERRORS, AssertionError) as error:
                if self._producer is producer:
                    self._producer = None
                    _close_later(producer.close, 3 * self._seconds)  # by then what others send by it has failed, too
                if isinstance(error, AssertionError):  # the library's way to say that its sender has ended
                    raise TimeoutError(str(error)) from error
                raise

    def consumer(self, **options: Any) -> Any:
        """Make a consumer of the caller's own; raises what the library raises."""
        return self._make(KafkaConsumer, metrics_enabled=False, allow_auto_create_topics=False, **options)

    def unavailable(self, error: Exception) -> QueueUnavailableError:
        """The error that says what is wrong. Where nothing answers, that is why the last connection failed."""
        timed_out = isinstance(error, (TimeoutError, KafkaTimeoutError))
        reason = (self._refusals.recent() if timed_out else None) or error
        return QueueUnavailableError(f"Kafka at {self.name} is away: {explain(reason, self._hints)}")

    def close(self) -> None:
        """Close the producer. What is not confirmed yet fails."""
        self._closed = True
        producer, self._producer = self._producer, None
        if producer is not None:
            _close_later(producer.close, self._seconds).join(timeout=self._seconds)
        self._refusals.close()

    def _get_producer(self) -> Any:
        with self._lock:
            if self._producer is None:
                self._producer = self._make(
                    KafkaProducer,
                    acks="all",
                    enable_idempotence=False,  # such a producer, cut off, waits for its new number without end
                    max_block_ms=self._milliseconds,
                    delivery_timeout_ms=self._milliseconds,
                    allow_auto_create_topics=False,
                    metrics_enabled=False,
                )
            return self._producer

    def _make(self, kind: Callable[..., T], **options: Any) -> T:
        """Make a client of the library. One that gives up before it is there leaves nothing behind."""
        made: list[Any] = []

        def net_client(**configs: Any) -> Any:
            made.append(KafkaNetClient(**configs))
            return made[-1]

        try:
            return kind(kafka_client=net_client, **(self._options | options))
        except BaseException:
            for client in made:
                _close_later(client.close)  # it waits for its loop, which may take long to notice
            raise


def _close_later(close: Callable[..., None], *arguments: float) -> gevent.Greenlet[..., None]:
    return gevent.spawn(_close_quietly, close, *arguments)


def _close_quietly(close: Callable[..., None], *arguments: float) -> None:
    with contextlib.suppress(*KAFKA_ERRORS):
        close(*arguments)
