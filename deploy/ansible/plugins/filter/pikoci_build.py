"""Filters for the users that builds run as."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

# A user's name has at most 32 characters: these, the prefix, a hyphen and the number of a slot.
_LONGEST_NAME = 14
_PREFIX = "pikoci-build-"


def build_group(name: object) -> str:
    """The group whose members the builds of a worker instance run as; a long name gives way to a digest of it."""
    text = str(name)
    short = text if len(text) <= _LONGEST_NAME else hashlib.sha256(text.encode()).hexdigest()[:_LONGEST_NAME]
    return _PREFIX + short


def build_users(instance: Mapping[str, Any]) -> list[str]:
    """The users of an instance: one for each of its slots, which are `concurrency` for each queue."""
    queues = instance["queues"]
    queues = queues.split(",") if isinstance(queues, str) else queues
    slots = int(instance["concurrency"]) * len(queues)
    return [f"{build_group(instance['name'])}-{number}" for number in range(1, slots + 1)]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"pikoci_build_group": build_group, "pikoci_build_users": build_users}
