"""API tokens: found by the digest of what comes with a request."""

from __future__ import annotations

import builtins

from pikoci.internal.domain.accounts import ApiToken
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import API_TOKENS
from pikoci.internal.store.values import key_text, shown_text

CREATE = (
    "INSERT INTO api_tokens (name, digest, user_id, team_id, pipeline_id, role, read_only, is_admin, created_by,"
    " created_at, expires_at, last_used_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')"
    " ON CONFLICT DO NOTHING RETURNING id"
)
GET = f"{API_TOKENS.select} WHERE id = ?"
FIND = f"{API_TOKENS.select} WHERE digest = ?"
OF_USER = f"{API_TOKENS.select} WHERE user_id = ? ORDER BY name"
OF_TEAM = f"{API_TOKENS.select} WHERE team_id = ? AND user_id IS NULL ORDER BY name"
USED = "UPDATE api_tokens SET last_used_at = ?, last_used_from = ? WHERE id = ?"
DELETE = "DELETE FROM api_tokens WHERE id = ?"
DELETE_EXPIRED = "DELETE FROM api_tokens WHERE expires_at < ?"


class SqlApiTokens:
    """Implements `ApiTokenRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, token: ApiToken, digest: str) -> ApiToken | None:
        """See `ApiTokenRepository`."""
        values = (
            key_text(token.name, "the token's name"),
            digest,
            token.user_id,
            token.team_id,
            token.pipeline_id,
            token.role.value,
            token.read_only,
            token.is_admin,
            shown_text(token.created_by),
            token.created_at,
            token.expires_at,
        )
        made = self._session.change(CREATE, values)
        return self.get(made[0][0]) if made else None

    def get(self, token_id: int) -> ApiToken | None:
        """See `ApiTokenRepository`."""
        row = self._session.row(GET, (token_id,))
        return API_TOKENS.read(row) if row else None

    def find(self, digest: str) -> ApiToken | None:
        """See `ApiTokenRepository`."""
        row = self._session.row(FIND, (digest,))
        return API_TOKENS.read(row) if row else None

    def of_user(self, user_id: int) -> builtins.list[ApiToken]:
        """See `ApiTokenRepository`."""
        return [API_TOKENS.read(row) for row in self._session.rows(OF_USER, (user_id,))]

    def of_team(self, team_id: int) -> builtins.list[ApiToken]:
        """See `ApiTokenRepository`."""
        return [API_TOKENS.read(row) for row in self._session.rows(OF_TEAM, (team_id,))]

    def used(self, token_id: int, at: float, address: str) -> None:
        """See `ApiTokenRepository`."""
        self._session.write(USED, (at, shown_text(address), token_id))

    def delete(self, token_id: int) -> bool:
        """See `ApiTokenRepository`."""
        return self._session.write(DELETE, (token_id,)) > 0

    def delete_expired(self, before: float) -> int:
        """See `ApiTokenRepository`."""
        return self._session.write(DELETE_EXPIRED, (before,))
