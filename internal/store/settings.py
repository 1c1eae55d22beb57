"""What the installation keeps for itself: settings, and answers to repeated requests."""

from __future__ import annotations

from pikoci.internal.store.models import IdempotencyKey, Setting
from pikoci.internal.store.session import Session
from pikoci.internal.store.values import key_text


class SqlSettings:
    """Implements `SettingRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, key: str) -> str | None:
        """See `SettingRepository`."""
        found = self._session.query(Setting.select(Setting.value).where(Setting.key == key_text(key, "the key")))
        return found[0][0] if found else None

    def put_if_absent(self, key: str, value: str) -> str:
        """See `SettingRepository`."""
        insert = Setting.insert(key=key_text(key, "the key"), value=key_text(value, f"the value of {key}"))
        self._session.execute(insert.on_conflict_ignore())
        kept = self.get(key)
        return value if kept is None else kept


class SqlIdempotency:
    """Implements `IdempotencyRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, scope: str, key: str) -> tuple[str, int, bytes] | None:
        """See `IdempotencyRepository`."""
        wanted = (IdempotencyKey.scope == key_text(scope, "the scope")) & (
            IdempotencyKey.key == key_text(key, "the Idempotency-Key")
        )
        columns = (IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body)
        found = self._session.query(IdempotencyKey.select(*columns).where(wanted))
        return (found[0][0], found[0][1], bytes(found[0][2])) if found else None

    def save(self, scope: str, key: str, fingerprint: str, status: int, body: bytes, now: float) -> None:
        """See `IdempotencyRepository`. The first answer stays, also when two requests race."""
        insert = IdempotencyKey.insert(
            scope=key_text(scope, "the scope"),
            key=key_text(key, "the Idempotency-Key"),
            fingerprint=fingerprint,
            status=status,
            body=body,
            created_at=now,
        )
        self._session.execute(insert.on_conflict_ignore())

    def delete(self, scope: str, key: str) -> None:
        """See `IdempotencyRepository`."""
        wanted = (IdempotencyKey.scope == key_text(scope, "the scope")) & (
            IdempotencyKey.key == key_text(key, "the Idempotency-Key")
        )
        self._session.execute(IdempotencyKey.delete().where(wanted))

    def delete_before(self, before: float) -> int:
        """See `IdempotencyRepository`."""
        return self._session.execute(IdempotencyKey.delete().where(IdempotencyKey.created_at < before))
