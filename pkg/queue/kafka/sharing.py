"""How the members of a group share a topic's partitions: evenly, but nobody loses one where it holds a message.

Kafka's cooperative protocol (KIP-429): a partition that moves is first given up by its owner, and given to its new one
in a second round; all others are read on meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka.coordinator.assignors.abstract import AbstractPartitionAssignor, RebalanceProtocol
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment, ConsumerProtocolSubscription

_VERSION = 1  # of Kafka's consumer protocol: the first with the partitions that a member owns


@dataclass(frozen=True, slots=True)
class Claim:
    """What a member says when it joins. After a long sleep it may claim what others own by now: `generation` tells."""

    owned: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    generation: int = -1


@dataclass(frozen=True, slots=True)
class Share:
    """What a member gets. It has too much where it holds messages in more partitions than its fair share."""

    partitions: tuple[int, ...] = ()
    too_much: bool = False
    members: int = 1


def share(partitions: Iterable[int], claims: Mapping[str, Claim]) -> dict[str, Share]:
    """Share partitions among members. The same claims always give the same shares."""
    wanted = sorted(set(partitions))
    owners = _owners(wanted, claims)
    owned = {member: {each for each, owner in owners.items() if owner == member} for member in claims}
    held = {member: owned[member] & claims[member].held for member in claims}
    quotas = _quotas(len(wanted), claims, owned, held)
    kept: dict[str, list[int]] = {}
    for member in claims:
        rest = sorted(owned[member] - held[member])
        kept[member] = sorted(held[member]) + rest[: max(0, quotas[member] - len(held[member]))]
    counts = {member: len(each) for member, each in kept.items()}
    taken = {each for parts in kept.values() for each in parts}
    for partition in wanted:
        if partition in taken:
            continue
        member = min(claims, key=lambda each: (counts[each] - quotas[each], counts[each], each))
        counts[member] += 1
        if owners.get(partition) in {None, member}:  # else its owner gives it up first
            kept[member].append(partition)
    return {
        member: Share(tuple(sorted(kept[member])), len(kept[member]) > quotas[member], len(claims)) for member in claims
    }


def _owners(partitions: list[int], claims: Mapping[str, Claim]) -> dict[int, str]:
    owners: dict[int, str] = {}
    for member in sorted(claims, key=lambda each: (claims[each].generation, each)):
        owners.update(dict.fromkeys(claims[member].owned.intersection(partitions), member))
    return owners


def _quotas(
    count: int, claims: Mapping[str, Claim], owned: Mapping[str, set[int]], held: Mapping[str, set[int]]
) -> dict[str, int]:
    """Fair shares; who has most already gets the one more, so that nothing moves without need."""
    least, more = divmod(count, max(1, len(claims)))
    order = sorted(claims, key=lambda member: (-len(held[member]), -len(owned[member]), member))
    return {member: least + (index < more) for index, member in enumerate(order)}


class HeldFirstAssignor(AbstractPartitionAssignor):  # type: ignore[misc]  # the library has no types
    """Brings `share` to Kafka: each member sends its claim when it joins, and the group's leader shares."""

    name = "pikoci-held-first"

    def __init__(self, claim: Callable[[], Claim], on_share: Callable[[Share, int], None]) -> None:
        self._claim = claim
        self._on_share = on_share

    def supported_protocols(self) -> list[RebalanceProtocol]:
        """See the library's class."""
        return [RebalanceProtocol.COOPERATIVE]

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolSubscription:
        """See the library's class: what this member says when it joins."""
        claim = self._claim()
        names = sorted(topics)
        owned = [
            ConsumerProtocolSubscription.TopicPartition(topic=name, partitions=sorted(claim.owned))
            for name in names
            if claim.owned
        ]
        said = json.dumps({"held": sorted(claim.held), "generation": claim.generation}).encode()
        return ConsumerProtocolSubscription(version=_VERSION, topics=names, user_data=said, owned_partitions=owned)

    def assign(self, cluster: Any, members: Iterable[Any]) -> dict[str, ConsumerProtocolAssignment]:
        """See the library's class: called in the group's leader."""
        claims = {member.member_id: _read_claim(member.metadata) for member in members}
        topics = {topic for member in members for topic in member.metadata.topics}
        assignments = {}
        for topic in topics:  # a group serves one topic
            for member, part in share(cluster.partitions_for_topic(topic) or (), claims).items():
                said = json.dumps({"too_much": part.too_much, "members": part.members}).encode()
                listed = [(topic, list(part.partitions))] if part.partitions else []
                assignments[member] = ConsumerProtocolAssignment(_VERSION, listed, said)
        return assignments

    def on_assignment(self, assignment: ConsumerProtocolAssignment, generation: int) -> None:
        """See the library's class: what this member got."""
        said = _read_json(assignment.user_data)
        partitions = tuple(sorted(each.partition for each in assignment.partitions()))
        too_much, members = said.get("too_much") is True, said.get("members")
        self._on_share(Share(partitions, too_much, members if isinstance(members, int) else 1), generation)


def _read_claim(metadata: Any) -> Claim:
    said = _read_json(metadata.user_data)
    owned = frozenset(each for topic in metadata.owned_partitions or () for each in topic.partitions)
    held, generation = said.get("held"), said.get("generation")
    return Claim(
        owned,
        frozenset(each for each in held if isinstance(each, int)) if isinstance(held, list) else frozenset(),
        generation if isinstance(generation, int) else -1,
    )


def _read_json(data: bytes | None) -> dict[str, Any]:
    try:
        said = json.loads(bytes(data or b"{}"))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
