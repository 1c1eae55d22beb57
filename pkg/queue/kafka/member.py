"""How a consumer appears in its group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from pikoci.pkg.queue.names import safe_name

_JOIN_MS = 3000  # a group that shares its partitions anew waits so long for one that is alive but does not join
_LONGEST_SESSION = 10.0
_OPTIONS = {
    "partition_assignment_strategy": [CooperativeStickyAssignor],
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "max_poll_interval_ms": _JOIN_MS,
    "request_timeout_ms": 10_000,
    "metadata_max_age_ms": 60_000,  # then partitions that were added are seen
    "fetch_max_wait_ms": 1000,
    "fetch_max_bytes": 1 << 20,
    "max_partition_fetch_bytes": 1 << 16,
}


@dataclass(frozen=True, slots=True)
class Member:
    """It counts as dead after `redelivery` seconds of silence, or after ten if that is longer.

    With a name it is a static member: its partitions wait for it that long also when it left in good order.
    """

    redelivery: float
    name: str | None = None

    @property
    def session(self) -> float:
        """Seconds of silence after which the group gives it up."""
        return min(self.redelivery, _LONGEST_SESSION)

    def numbered(self, number: int) -> Member:
        """The name of one of several consumers of the same process."""
        return replace(self, name=f"{safe_name(self.name)}-{number}") if self.name else self

    def options(self) -> dict[str, Any]:
        """For the library's consumer."""
        session = int(self.session * 1000)
        return _OPTIONS | {
            "session_timeout_ms": session,
            "heartbeat_interval_ms": min(1000, session // 4),  # a rebalance waits for everyone's next heartbeat
            "group_instance_id": self.name,
        }
