"""The topics that the queues need, and what waits in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from kafka import OffsetSpec, TopicPartition
from kafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    InvalidTopicError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from pikoci.pkg.queue.backend import Depth, QueueConfigurationError
from pikoci.pkg.queue.names import safe_name

_log = structlog.get_logger(__name__)
_REFUSED = (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    InvalidTopicError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Names and sizes in the broker; at most `partitions` consumers share a queue."""

    prefix: str
    partitions: int

    def topic(self, queue: str) -> str:
        """The topic of a queue, and its consumer group too. Raises ValueError for an empty name."""
        return f"{self.prefix}-{safe_name(queue)}"

    def ensure(self, admin: Any, topic: str) -> None:
        """Make the topic unless it is there.

        Raises QueueConfigurationError if it is missing and cannot be made, errors of the library otherwise.
        """
        found = count_partitions(admin, topic)
        if found == 0:
            self._make(admin, topic)
        elif found < self.partitions:
            _log.warning(
                "a topic has few partitions: no more consumers than that share its queue",
                topic=topic,
                partitions=found,
                wanted=self.partitions,
                way_out=f"kafka-topics.sh --alter --topic {topic} --partitions {self.partitions}",
            )

    def _make(self, admin: Any, topic: str) -> None:
        wanted = {"num_partitions": self.partitions, "replication_factor": -1, "configs": {"cleanup.policy": "delete"}}
        try:
            admin.create_topics({topic: wanted}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            return  # someone else was quicker
        except _REFUSED as error:
            raise QueueConfigurationError(
                f"the Kafka topic {topic} is missing and cannot be made: {type(error).__name__}. Make it "
                f"(`kafka-topics.sh --create --topic {topic} --partitions {self.partitions}`), or allow it to the user"
            ) from error


def read_depth(admin: Any, topic: str) -> Depth:
    """What its group has not done yet. That includes what consumers hold, for moments, and lags a little."""
    partitions = [TopicPartition(topic, number) for number in range(count_partitions(admin, topic))]
    if not partitions:
        return Depth(0, 0)
    stored = admin.list_group_offsets({topic: partitions})[topic]
    firsts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    waiting = 0
    for each in partitions:
        done = stored[each].offset if each in stored else -1
        waiting += max(0, ends[each].offset - max(done, firsts[each].offset))
    return Depth(waiting, 0)


def count_partitions(admin: Any, topic: str) -> int:
    """How many partitions a topic has; 0 if it is not there."""
    try:
        found = [each for each in admin.describe_topics([topic]) if each["name"] == topic]
    except UnknownTopicOrPartitionError:
        return 0
    return len(found[0]["partitions"]) if found and found[0]["error_code"] == 0 else 0
