"""How a consumer appears in its group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pikoci.pkg.queue.names import safe_name

#: Nobody of a group receives anything new while it shares its partitions anew, and it waits for everyone. It gives up
#: one that is alive but does not join after the first time, and one that is silent after the second.
_JOIN_SECONDS = 3.0
_LONGEST_SESSION = 10.0


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
        return {
            "session_timeout_ms": session,
            "heartbeat_interval_ms": min(1000, session // 4),  # a rebalance waits for everyone's next heartbeat
            "max_poll_interval_ms": int(_JOIN_SECONDS * 1000),  # how long the group waits, too
            "group_instance_id": self.name,
        }
