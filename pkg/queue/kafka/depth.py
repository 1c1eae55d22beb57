"""How many messages of a topic wait, and how many are held."""

from __future__ import annotations

from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from pikoci.pkg.queue.backend import Depth
from pikoci.pkg.queue.kafka.progress import read_stored
from pikoci.pkg.queue.kafka.topics import count_partitions


def read_depth(admin: Any, topic: str) -> Depth:
    """Compare the ends of a topic's partitions with what its group has done; consumers store that a little later."""
    partitions = [TopicPartition(topic, number) for number in range(count_partitions(admin, topic))]
    if not partitions:
        return Depth(0, 0)
    stored = admin.list_group_offsets({topic: partitions})[topic]  # the group has the topic's name
    firsts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    waiting = in_flight = 0
    for partition in partitions:
        found = stored.get(partition)
        start = max(found.offset if found else -1, firsts[partition].offset)
        beside = read_stored(start, found.metadata if found else None)
        in_flight += beside.held
        waiting += max(0, ends[partition].offset - start - len(beside.done) - beside.held)
    return Depth(waiting, in_flight)
