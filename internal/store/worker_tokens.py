"""Tokens of workers: which there are, and which are revoked."""

from __future__ import annotations

import builtins

from pikoci.internal.domain.pipeline import WorkerToken
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import WORKER_TOKENS
from pikoci.internal.store.values import key_text, shown_text

INSERT = f"{WORKER_TOKENS.insert()} ON CONFLICT (id) DO NOTHING"
GET = f"{WORKER_TOKENS.select} WHERE id = ?"
LIST = f"{WORKER_TOKENS.select} ORDER BY created_at DESC, id"
REVOKE = "UPDATE worker_tokens SET revoked_by = ?, revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
REVOKED = "SELECT id FROM worker_tokens WHERE revoked_at IS NOT NULL"


class SqlWorkerTokens:
    """Implements `WorkerTokenRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remember(self, token: WorkerToken) -> None:
        """See `WorkerTokenRepository`."""
        self._session.write(INSERT, WORKER_TOKENS.values(token))

    def get(self, token_id: str) -> WorkerToken | None:
        """See `WorkerTokenRepository`."""
        row = self._session.row(GET, (key_text(token_id, "the token's id"),))
        return WORKER_TOKENS.read(row) if row else None

    def list(self) -> builtins.list[WorkerToken]:
        """See `WorkerTokenRepository`."""
        return [WORKER_TOKENS.read(row) for row in self._session.rows(LIST)]

    def revoke(self, token_id: str, revoked_by: str, now: float) -> None:
        """See `WorkerTokenRepository`."""
        self._session.write(REVOKE, (shown_text(revoked_by), now, key_text(token_id, "the token's id")))

    def revoked(self) -> frozenset[str]:
        """See `WorkerTokenRepository`."""
        return frozenset(row[0] for row in self._session.rows(REVOKED))
