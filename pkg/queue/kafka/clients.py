"""The library's clients, made when needed and again after any trouble.

The library's own event loop runs cooperatively in greenlets once the process is patched, so nothing needs a thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import gevent
import structlog
from gevent.lock import RLock
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    KafkaTimeoutError,
    RetriableError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.compat import KafkaNetClient

from pikoci.pkg.queue.backend import QueueClosedError, QueueUnavailableError
from pikoci.pkg.queue.kafka.address import KafkaAddress
from pikoci.pkg.queue.kafka.message import Envelope
from pikoci.pkg.queue.kafka.sockets import SOCKETS

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_CLOSE_SECONDS = 3.0
_LONGEST_PAUSE_MS = 1000  # between the library's own attempts to connect

#: What the library raises when the broker is away, slow, or refuses; RuntimeError is its word for a closed loop.
KAFKA_ERRORS = (KafkaError, OSError, TimeoutError, RuntimeError)

#: What to look at, by the library's error or by a word in its text.
_HINTS: dict[type[Exception] | str, str] = {
    SaslAuthenticationFailedError: "check QUEUE_USER and QUEUE_PASSWORD",
    UnsupportedSaslMechanismError: "check KAFKA_SASL_MECHANISM",
    "CERTIFICATE_VERIFY_FAILED": "check QUEUE_TLS_CA",
}


class KafkaClients:
    """One producer and one administrator for a backend, and a consumer for each queue that is consumed.

    `seconds` bounds every request.
    """

    def __init__(self, address: KafkaAddress, seconds: float) -> None:
        self.name = address.name
        self._seconds = seconds
        milliseconds = max(500, int(seconds * 1000))
        self._options = {
            **address.options,
            "request_timeout_ms": milliseconds,
            "bootstrap_timeout_ms": milliseconds,
            "reconnect_backoff_max_ms": _LONGEST_PAUSE_MS,
            "proxy_url": SOCKETS,
        }
        self._lock = RLock()
        self._admin: Any = None
        self._producer: Any = None
        self._idempotent = True
        self._refusal: Exception | None = None
        self._closed = False

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """Cut a block off after some seconds.

        Raises QueueUnavailableError for anything that goes wrong with the broker, QueueClosedError once closed.
        """
        if self._closed:
            raise QueueClosedError("the queue is closed")
        try:
            with gevent.Timeout(seconds, TimeoutError(f"no answer in {seconds:g} seconds")):
                yield
        except KAFKA_ERRORS as error:
            if self._closed:
                raise QueueClosedError("the queue is closed") from error
            raise self.unavailable(error) from error

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """Lend the administrator for some requests; after an error it is made anew."""
        with self.bounded(self._seconds):
            with self._lock:
                if self._admin is None:
                    self._admin = self._make(KafkaAdminClient)
                admin = self._admin
            try:
                yield admin
            except (RetriableError, OSError, RuntimeError):
                self._forget_admin(admin)
                raise

    def produce(self, topic: str, envelopes: Sequence[Envelope], partition: int | None = None) -> None:
        """Return once all replicas that are in sync have the messages; the library repeats one without doubling it."""
        with self.bounded(self._seconds):
            try:
                self._send(topic, envelopes, partition)
            except ClusterAuthorizationFailedError:  # brokers before 2.8 may forbid what makes a producer idempotent
                if not self._idempotent:
                    raise
                self._idempotent = False
                _log.warning("Kafka does not allow an idempotent producer; messages may come twice", broker=self.name)
                self._send(topic, envelopes, partition)

    def consumer(self, **options: Any) -> Any:
        """Make a consumer of the caller's own; raises what the library raises."""
        return self._make(KafkaConsumer, metrics_enabled=False, allow_auto_create_topics=False, **options)

    def unavailable(self, reason: object) -> QueueUnavailableError:
        """The error that says what is wrong. Where nothing answers, that is why the last connection failed."""
        if isinstance(reason, (TimeoutError, KafkaTimeoutError)) and self._refusal is not None:
            reason = self._refusal
        return QueueUnavailableError(f"Kafka at {self.name} is away: {reason_of(reason)}{_hint(reason)}")

    def close(self) -> None:
        """Close the producer and the administrator. What is not confirmed yet fails."""
        self._closed = True
        admin, self._admin = self._admin, None
        producer, self._producer = self._producer, None
        ends = [partial(_end, producer, 0.0)] if producer is not None else []
        ends += [admin.close] if admin is not None else []
        gevent.joinall([gevent.spawn(_close_quietly, end) for end in ends], timeout=_CLOSE_SECONDS)

    def _send(self, topic: str, envelopes: Sequence[Envelope], partition: int | None) -> None:
        producer = self._get_producer()
        try:
            sent = [
                producer.send(topic, each.body, headers=list(each.headers().items()), partition=partition)
                for each in envelopes
            ]
            for each in sent:
                each.get(timeout=self._seconds)
        except (*KAFKA_ERRORS, AssertionError) as error:
            self._forget_producer(producer)
            if isinstance(error, AssertionError):  # the library's way to say that its sender has ended
                raise TimeoutError(str(error)) from error
            raise

    def _get_producer(self) -> Any:
        with self._lock:
            if self._producer is None:
                milliseconds = self._options["request_timeout_ms"]
                self._producer = self._make(
                    KafkaProducer,
                    acks="all",
                    enable_idempotence=self._idempotent,
                    max_block_ms=milliseconds,
                    delivery_timeout_ms=milliseconds,
                    allow_auto_create_topics=False,
                    metrics_enabled=False,
                )
            return self._producer

    def _make(self, kind: Callable[..., T], **options: Any) -> T:
        """Make a client of the library. One that gives up before it is there leaves nothing behind."""
        made: list[Any] = []

        def net_client(**configs: Any) -> Any:
            made.append(KafkaNetClient(**configs))
            self._watch(made[-1]._manager)  # noqa: SLF001 - it tells nobody why it can't connect
            return made[-1]

        try:
            return kind(kafka_client=net_client, **(self._options | options))
        except BaseException:
            for client in made:
                gevent.spawn(_close_quietly, client.close)  # it waits for its loop, which may take long to notice
            raise

    def _watch(self, manager: Any) -> None:
        """Remember why the last connection came to nothing."""
        connect = manager._connect  # noqa: SLF001 - as above

        async def connect_and_look(node: Any, connection: Any, **options: Any) -> None:
            await connect(node, connection, **options)
            self._refusal = connection.init_future.exception if connection.init_future.is_done else None

        manager._connect = connect_and_look  # noqa: SLF001 - as above

    def _forget_admin(self, admin: Any) -> None:
        if self._admin is admin:
            self._admin = None
            gevent.spawn(_close_quietly, admin.close)

    def _forget_producer(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
            gevent.spawn(_close_quietly, partial(_end, producer, self._seconds))


def reason_of(error: object) -> str:
    """What to tell people about an error."""
    return str(error) or type(error).__name__


def _hint(error: object) -> str:
    """Which settings to look at, where that can be told."""
    for sign, hint in _HINTS.items():
        if sign in str(error) if isinstance(sign, str) else isinstance(error, sign):
            return f"; {hint}"
    return ""


def _end(producer: Any, seconds: float) -> None:
    """Close a producer once what others send by it is confirmed, or the time is up.

    The library's own `close` leaves everything open then, and its finalizer tries again, in a greenlet that dies.
    """
    try:
        producer.close(timeout=seconds)
    finally:
        producer._sender.force_close()  # noqa: SLF001 - the library has no public way
        producer._closed = True  # noqa: SLF001 - as above


def _close_quietly(close: Callable[[], None]) -> None:
    with contextlib.suppress(*KAFKA_ERRORS):
        close()
