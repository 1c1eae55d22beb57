"""The stream and the consumers that an installation needs: made when missing, checked when there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError, ServiceUnavailableError

from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.names import safe_name

_MANY_WAITING = 20_000  # pulls at once, over all workers; the server's own default is 512


@dataclass(frozen=True, slots=True)
class Layout:
    """How an installation's queues are named and set up in JetStream. `redelivery` is in seconds."""

    prefix: str
    redelivery: float

    @property
    def stream(self) -> str:
        """One stream holds all queues of an installation."""
        return self.prefix

    def subject(self, queue: str) -> str:
        """Each queue has a subject of its own. Raises ValueError for an empty name."""
        return f"{self.prefix}.{safe_name(queue)}"

    def consumer(self, queue: str) -> str:
        """Each queue has one durable consumer, which all workers share; its name must not have dots."""
        return f"{self.prefix}-{safe_name(queue).replace('.', '_2e')}"

    async def ensure_stream(self, jetstream: JetStreamContext) -> None:
        """Make the stream. Raises QueueConfigurationError if there is one that would lose or repeat work."""
        wanted = StreamConfig(
            name=self.stream,
            subjects=[f"{self.prefix}.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
        )
        try:
            found = (await jetstream.stream_info(self.stream)).config
        except NotFoundError:
            await self._add_stream(jetstream, wanted)
            return
        except ServiceUnavailableError as error:
            raise QueueConfigurationError(
                "NATS_SERVER_URL: the server has no JetStream; start it with `nats-server -js -sd DIRECTORY`"
            ) from error
        differences = _differences(wanted, found, "subjects", "retention", "storage")
        differences += [f"{name} is {limit}, not unlimited" for name, limit in _limits(found)]
        if differences:
            raise QueueConfigurationError(
                f"the NATS stream {self.stream} does not fit: {'; '.join(differences)}. "
                f"Change or remove it (`nats stream rm {self.stream}`), or choose another QUEUE_PREFIX"
            )

    async def ensure_consumer(self, jetstream: JetStreamContext, queue: str) -> None:
        """Make the consumer of a queue, or bring its times up to date.

        Raises QueueConfigurationError if there is one of another kind.
        """
        name = self.consumer(queue)
        wanted = ConsumerConfig(
            durable_name=name,
            filter_subject=self.subject(queue),
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.redelivery,
            max_deliver=-1,
            max_ack_pending=-1,
            max_waiting=_MANY_WAITING,
        )
        try:
            found = (await jetstream.consumer_info(self.stream, name)).config
        except NotFoundError:
            pass
        else:
            kinds = ("filter_subject", "deliver_policy", "ack_policy", "deliver_subject")
            if differences := _differences(wanted, found, *kinds):
                raise _misfit(self.stream, name, "; ".join(differences))
            if not _differences(wanted, found, "ack_wait", "max_deliver", "max_ack_pending"):
                return
            wanted.max_waiting = found.max_waiting  # the server refuses to change it
        try:
            await jetstream.add_consumer(self.stream, wanted)
        except BadRequestError as error:
            raise _misfit(self.stream, name, error.description or str(error)) from error

    async def _add_stream(self, jetstream: JetStreamContext, wanted: StreamConfig) -> None:
        try:
            await jetstream.add_stream(wanted)
        except BadRequestError as error:
            raise QueueConfigurationError(
                f"the NATS stream {self.stream} can't be made: {error.description}. "
                f"Does another stream have subjects below {self.prefix}? Choose another QUEUE_PREFIX then"
            ) from error


def _misfit(stream: str, name: str, reason: str) -> QueueConfigurationError:
    return QueueConfigurationError(
        f"the NATS consumer {name} of the stream {stream} does not fit: {reason}. "
        f"Remove it (`nats consumer rm {stream} {name}`); it will be made anew"
    )


def _limits(found: StreamConfig) -> list[tuple[str, Any]]:
    """Limits that would drop messages without a word; a limit that refuses new ones is the operator's own choice."""
    limits = [("max_age", found.max_age)]
    if found.discard != DiscardPolicy.NEW:
        limits += [("max_msgs", found.max_msgs), ("max_bytes", found.max_bytes)]
    if not found.discard_new_per_subject:
        limits.append(("max_msgs_per_subject", found.max_msgs_per_subject))
    return [(name, limit) for name, limit in limits if limit is not None and limit > 0]


def _differences(wanted: object, found: object, *names: str) -> list[str]:
    return [
        f"{name} is {getattr(is_, 'value', is_)}, not {getattr(should, 'value', should)}"
        for name in names
        if (is_ := getattr(found, name)) != (should := getattr(wanted, name))
    ]
