"""Calls about the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class Audit:
    """`client.audit`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, team: str = "", **filters: str) -> Iterator[Json]:
        """Entries of a team, newest first; without one those of all teams and of the server.

        `filters` are `actor`, `action`, `object`, `outcome`, and the times `since` and `until` (RFC 3339).
        """
        where = path("teams", team, "audit") if team else path("audit")
        return self._transport.items(where, {name: text for name, text in filters.items() if text})
