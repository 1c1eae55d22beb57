"""Entries of the server's own store of secrets."""

from __future__ import annotations

import builtins

from pikoci.internal.domain.secret_entries import SecretEntry
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import SECRETS
from pikoci.internal.store.values import key_text, shown_text

_COLUMNS = "(team_id, pipeline_id, name, value, set_by, set_at)"
_CHANGES = "DO UPDATE SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at"

PUT_TEAMS = (
    f"INSERT INTO secrets {_COLUMNS} VALUES (?, ?, ?, ?, ?, ?)"
    f" ON CONFLICT (team_id, name) WHERE pipeline_id IS NULL {_CHANGES}"
)
PUT_PIPELINES = (
    f"INSERT INTO secrets {_COLUMNS} VALUES (?, ?, ?, ?, ?, ?)"
    f" ON CONFLICT (pipeline_id, name) WHERE pipeline_id IS NOT NULL {_CHANGES}"
)
_OF_TEAM = "team_id = ? AND pipeline_id IS NULL"
_OF_PIPELINE = "team_id = ? AND pipeline_id = ?"
READ = (
    f"SELECT 1 AS turn, pipeline_id, value FROM secrets WHERE {_OF_PIPELINE} AND name = ?"
    f" UNION ALL SELECT 2 AS turn, pipeline_id, value FROM secrets WHERE {_OF_TEAM} AND name = ? ORDER BY turn"
)


def place(team_id: int, pipeline_id: int | None, name: str) -> str:
    """Where a value belongs."""
    return f"secret {name} of {f'pipeline {pipeline_id}' if pipeline_id is not None else f'team {team_id}'}"


class SqlSecrets:
    """Implements `SecretRepository`."""

    def __init__(self, session: Session, sealing: Sealing) -> None:
        self._session = session
        self._sealing = sealing

    def can_keep(self) -> bool:
        """See `SecretRepository`."""
        return bool(self._sealing.key_id)

    def put(self, entry: SecretEntry, value: str) -> None:
        """See `SecretRepository`."""
        if not self.can_keep():
            raise RuntimeError("a secret is never kept in plain text")
        where = place(entry.team_id, entry.pipeline_id, entry.name)
        sealed = self._sealing.seal(value.encode(), where).decode()
        name = key_text(entry.name, "the secret's name")
        row = (entry.team_id, entry.pipeline_id, name, sealed, shown_text(entry.set_by), entry.set_at)
        self._session.write(PUT_TEAMS if entry.pipeline_id is None else PUT_PIPELINES, row)

    def list(self, team_id: int, pipeline_id: int | None) -> builtins.list[SecretEntry]:
        """See `SecretRepository`."""
        owned, params = _owned(team_id, pipeline_id)
        return [
            SECRETS.read(row) for row in self._session.rows(f"{SECRETS.select} WHERE {owned} ORDER BY name", params)
        ]

    def delete(self, team_id: int, pipeline_id: int | None, name: str) -> bool:
        """See `SecretRepository`."""
        owned, params = _owned(team_id, pipeline_id)
        name = key_text(name, "the secret's name")
        return self._session.write(f"DELETE FROM secrets WHERE {owned} AND name = ?", (*params, name)) > 0

    def read(self, team_id: int, pipeline_id: int, name: str) -> str | None:
        """See `SecretRepository`."""
        name = key_text(name, "the secret's name")
        row = self._session.row(READ, (team_id, pipeline_id, name, team_id, name))
        if row is None:
            return None
        return self._sealing.open(row[2].encode(), place(team_id, row[1], name)).decode()


def _owned(team_id: int, pipeline_id: int | None) -> tuple[str, tuple[int, ...]]:
    if pipeline_id is None:
        return _OF_TEAM, (team_id,)
    return _OF_PIPELINE, (team_id, pipeline_id)
