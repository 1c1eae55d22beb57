"""What the installation keeps for itself: settings, and answers to repeated requests."""

from __future__ import annotations

from peewee import Expression

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
        columns = (IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body)
        found = self._session.query(IdempotencyKey.select(*columns).where(_is_kept(scope, key)))
        return (found[0][0], found[0][1], bytes(found[0][2])) if found else None

    def begin(self, scope: str, key: str, fingerprint: str, now: float) -> bool:
        """See `IdempotencyRepository`."""
        insert = IdempotencyKey.insert(
            scope=key_text(scope, "the scope"),
            key=key_text(key, "the Idempotency-Key"),
            fingerprint=fingerprint,
            status=0,
            body=b"",
            created_at=now,
        )
        return self._session.execute(insert.on_conflict_ignore()) == 1

    def finish(self, scope: str, key: str, status: int, body: bytes) -> None:
        """See `IdempotencyRepository`."""
        self._session.execute(IdempotencyKey.update(status=status, body=body).where(_is_kept(scope, key)))

    def delete_before(self, before: float) -> int:
        """See `IdempotencyRepository`."""
        return self._session.execute(IdempotencyKey.delete().where(IdempotencyKey.created_at < before))


def _is_kept(scope: str, key: str) -> Expression:
    return (IdempotencyKey.scope == key_text(scope, "the scope")) & (
        IdempotencyKey.key == key_text(key, "the Idempotency-Key")
    )
