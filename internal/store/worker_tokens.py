"""Tokens of workers: which there are, and which are revoked."""

from __future__ import annotations

import builtins

import msgspec

from pikoci.internal.domain.pipeline import WorkerToken
from pikoci.internal.store.session import Row, Session
from pikoci.internal.store.values import encode_json, key_text, shown_text

_COLUMNS = "id, team, created_by, created_at, revoked_by, revoked_at, tags"
INSERT = f"INSERT INTO worker_tokens ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
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
        tags = None if token.tags is None else encode_json(token.tags)
        self._session.write(INSERT, (*names, *made, shown_text(token.revoked_by), token.revoked_at, tags))

    def get(self, token_id: str) -> WorkerToken | None:
        """See `WorkerTokenRepository`."""
        row = self._session.row(GET, (key_text(token_id, "the token's id"),))
        return _token(row) if row else None

    def list(self) -> builtins.list[WorkerToken]:
        """See `WorkerTokenRepository`."""
        return [_token(row) for row in self._session.rows(LIST)]

    def revoke(self, token_id: str, revoked_by: str, now: float) -> None:
        """See `WorkerTokenRepository`."""
        self._session.write(REVOKE, (shown_text(revoked_by), now, key_text(token_id, "the token's id")))

    def revoked(self) -> frozenset[str]:
        """See `WorkerTokenRepository`."""
        return frozenset(row[0] for row in self._session.rows(REVOKED))


def _token(row: Row) -> WorkerToken:
    return WorkerToken(
        id=row[0],
        team=row[1],
        created_by=row[2],
        created_at=row[3],
        revoked_by=row[4],
        revoked_at=row[5],
        tags=None if row[6] is None else msgspec.json.decode(row[6], type=list[str]),
    )
