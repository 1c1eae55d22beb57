"""Sessions that were ended before their token runs out."""

from __future__ import annotations

from pikoci.internal.store.session import Session
from pikoci.internal.store.values import key_text

END = "INSERT INTO ended_sessions (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"
ENDED = "SELECT id FROM ended_sessions"
DELETE = "DELETE FROM ended_sessions WHERE expires_at < ?"


class SqlEndedSessions:
    """Implements `EndedSessionRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def end(self, session_id: str, expires_at: float) -> None:
        """See `EndedSessionRepository`."""
        self._session.write(END, (key_text(session_id, "the session's id"), expires_at))

    def ended(self) -> frozenset[str]:
        """See `EndedSessionRepository`."""
        return frozenset(row[0] for row in self._session.rows(ENDED))

    def delete_expired(self, now: float) -> int:
        """See `EndedSessionRepository`."""
        return self._session.write(DELETE, (now,))
