"""Tokens of workers: which there are, and which are revoked."""

from __future__ import annotations

import builtins

from pikoci.internal.domain.pipeline import WorkerToken
from pikoci.internal.store.session import Session
from pikoci.internal.store.values import key_text, shown_text

_COLUMNS = "id, team, created_by, created_at, revoked_by, revoked_at"
INSERT = f"INSERT INTO worker_tokens ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
GET = f"SELECT {_COLUMNS} FROM worker_tokens WHERE id = ?"
LIST = f"SELECT {_COLUMNS} FROM worker_tokens ORDER BY created_at DESC, id"
REVOKE = "UPDATE worker_tokens SET revoked_by = ?, revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
REVOKED = "SELECT id FROM worker_tokens WHERE revoked_at IS NOT NULL"


class SqlWorkerTokens:
    """Implements `WorkerTokenRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remember(self, token: WorkerToken) -> None:
        """See `WorkerTokenRepository`."""
        names = key_text(token.id, "the token's id"), key_text(token.team, "the team's name")
        made = shown_text(token.created_by), token.created_at
        self._session.write(INSERT, (*names, *made, shown_text(token.revoked_by), token.revoked_at))

    def get(self, token_id: str) -> WorkerToken | None:
        """See `WorkerTokenRepository`."""
        row = self._session.row(GET, (key_text(token_id, "the token's id"),))
        return WorkerToken(**dict(zip(WorkerToken.__struct_fields__, row, strict=True))) if row else None

    def list(self) -> builtins.list[WorkerToken]:
        """See `WorkerTokenRepository`."""
        rows = self._session.rows(LIST)
        return [WorkerToken(**dict(zip(WorkerToken.__struct_fields__, row, strict=True))) for row in rows]

    def revoke(self, token_id: str, revoked_by: str, now: float) -> None:
        """See `WorkerTokenRepository`."""
        self._session.write(REVOKE, (shown_text(revoked_by), now, key_text(token_id, "the token's id")))

    def revoked(self) -> frozenset[str]:
        """See `WorkerTokenRepository`."""
        return frozenset(row[0] for row in self._session.rows(REVOKED))
