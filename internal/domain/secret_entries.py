"""Entries of the server's own store of secrets: what is known of them, which is never the value."""

from __future__ import annotations

import msgspec

#: Bytes of a value, and entries of a team or a pipeline.
MAX_VALUE, MAX_ENTRIES = 64 * 1024, 1000


class SecretEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A secret of a team, or of one of its pipelines: who set it and when, in seconds since the epoch."""

    id: int
    team_id: int
    pipeline_id: int | None
    name: str
    set_by: str
    set_at: float
