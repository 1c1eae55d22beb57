"""The audit log."""

from __future__ import annotations

from typing import Protocol

from pikoci.internal.domain.audit import AuditEntry, AuditFilter
from pikoci.internal.domain.pipeline import Page


class AuditRepository(Protocol):
    """Entries of the audit log; none is ever changed."""

    def add(self, entry: AuditEntry) -> AuditEntry:
        """Keep the entry; returns it with its id."""

    def list(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """Newest first. A page reads so many entries at most: it may be short, and only the last has no next."""

    def delete_before(self, before: float, limit: int) -> int:
        """Delete up to `limit` entries that are older, the oldest first; returns how many."""
