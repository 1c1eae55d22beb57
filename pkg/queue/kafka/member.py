"""How a consumer appears in its group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pikoci.pkg.queue.names import safe_name


@dataclass(frozen=True, slots=True)
class Member:
    """It counts as dead after `session` seconds of silence.

    With a name it is a static member: its partitions wait for it that long also when it left in good order.
    """

    session: float
    name: str | None = None

    def numbered(self, number: int) -> Member:
        """The name of one of several consumers of the same process."""
        return replace(self, name=f"{safe_name(self.name)}-{number}") if self.name else self

    def options(self) -> dict[str, Any]:
        """For the library's consumer."""
        session = int(self.session * 1000)
        return {
            "session_timeout_ms": session,
            "heartbeat_interval_ms": min(1000, session // 4),  # a rebalance waits for everyone's next heartbeat
            "group_instance_id": self.name,
        }
