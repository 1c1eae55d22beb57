"""What the installation keeps for itself: settings, and answers to repeated requests."""

from __future__ import annotations

from pikoci.internal.store.sealed import setting_place
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.session import Session
from pikoci.internal.store.values import key_text

GET = "SELECT value FROM settings WHERE key = ?"
PUT_IF_ABSENT = "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
FIND = "SELECT fingerprint, status, body FROM idempotency_keys WHERE scope = ? AND key = ?"
BEGIN = (
    "INSERT INTO idempotency_keys (scope, key, fingerprint, status, body, created_at) VALUES (?, ?, ?, 0, ?, ?)"
    " ON CONFLICT (scope, key) DO NOTHING"
)
FINISH = "UPDATE idempotency_keys SET status = ?, body = ? WHERE scope = ? AND key = ?"
DELETE_BEFORE = "DELETE FROM idempotency_keys WHERE created_at < ?"


class SqlSettings:
    """Implements `SettingRepository`. The values are sealed."""

    def __init__(self, session: Session, sealing: Sealing) -> None:
        self._session = session
        self._sealing = sealing

    def get(self, key: str) -> str | None:
        """See `SettingRepository`."""
        row = self._session.row(GET, (key_text(key, "the key"),))
        return self._sealing.open(row[0].encode(), setting_place(key)).decode() if row else None

    def put_if_absent(self, key: str, value: str) -> str:
        """See `SettingRepository`."""
        kept = key_text(value, f"the value of {key}").encode()
        sealed = self._sealing.seal(kept, setting_place(key)).decode()
        self._session.write(PUT_IF_ABSENT, (key_text(key, "the key"), sealed))
        found = self.get(key)
        return value if found is None else found


class SqlIdempotency:
    """Implements `IdempotencyRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, scope: str, key: str) -> tuple[str, int, bytes] | None:
        """See `IdempotencyRepository`."""
        row = self._session.row(FIND, _place(scope, key))
        return (row[0], row[1], bytes(row[2])) if row else None

    def begin(self, scope: str, key: str, fingerprint: str, now: float) -> bool:
        """See `IdempotencyRepository`."""
        return self._session.write(BEGIN, (*_place(scope, key), fingerprint, b"", now)) == 1

    def finish(self, scope: str, key: str, status: int, body: bytes) -> None:
        """See `IdempotencyRepository`."""
        self._session.write(FINISH, (status, body, *_place(scope, key)))

    def delete_before(self, before: float) -> int:
        """See `IdempotencyRepository`."""
        return self._session.write(DELETE_BEFORE, (before,))


def _place(scope: str, key: str) -> tuple[str, str]:
    return key_text(scope, "the scope"), key_text(key, "the Idempotency-Key")
