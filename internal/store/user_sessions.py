"""Logins, as they are listed and ended; `session` is about the database."""

from __future__ import annotations

import builtins

from pikoci.internal.domain.accounts import UserSession
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import SESSIONS
from pikoci.internal.store.values import key_text, shown_text

_LIVE = "expires_at > ? AND NOT EXISTS (SELECT 1 FROM ended_sessions WHERE ended_sessions.id = sessions.id)"

BEGIN = SESSIONS.insert()
GET = f"{SESSIONS.select} WHERE id = ?"
LIST = f"{SESSIONS.select} WHERE user_id = ? AND epoch = ? AND {_LIVE} ORDER BY created_at DESC, id"
USED = "UPDATE sessions SET last_used_at = ?, address = ? WHERE id = ?"
END_OTHERS = (
    "INSERT INTO ended_sessions (id, expires_at) SELECT id, expires_at FROM sessions"
    " WHERE user_id = ? AND id <> ? AND expires_at > ? ON CONFLICT (id) DO NOTHING"
)
DELETE = "DELETE FROM sessions WHERE expires_at < ?"


class SqlUserSessions:
    """Implements `UserSessionRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, session: UserSession) -> None:
        """See `UserSessionRepository`."""
        self._session.write(BEGIN, SESSIONS.values(session))

    def get(self, session_id: str) -> UserSession | None:
        """See `UserSessionRepository`."""
        row = self._session.row(GET, (key_text(session_id, "the session's id"),))
        return SESSIONS.read(row) if row else None

    def list(self, user_id: int, epoch: int, now: float) -> builtins.list[UserSession]:
        """See `UserSessionRepository`."""
        return [SESSIONS.read(row) for row in self._session.rows(LIST, (user_id, epoch, now))]

    def used(self, session_id: str, at: float, address: str) -> None:
        """See `UserSessionRepository`."""
        self._session.write(USED, (at, shown_text(address), key_text(session_id, "the session's id")))

    def end_others(self, user_id: int, but: str, now: float) -> int:
        """See `UserSessionRepository`."""
        return self._session.write(END_OTHERS, (user_id, key_text(but, "the session's id"), now))

    def delete_expired(self, now: float) -> int:
        """See `UserSessionRepository`."""
        return self._session.write(DELETE, (now,))
