"""Encryption of what the database holds already: plain values of before there was a key, and those of a former key.

What is sealed, and for which place, is said here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pikoci.internal.store import secrets
from pikoci.internal.store.sealing import PREFIX, Sealing
from pikoci.internal.store.session import Row, Session

_BATCH = 20  # files of pipelines may be large
_ID_LENGTH = len(PREFIX) + 16


def source_place(pipeline_id: int, column: str) -> str:
    """Where a column of a pipeline's source belongs."""
    return f"the {column} of pipeline {pipeline_id}"


def setting_place(key: str) -> str:
    """Where a value that the installation keeps belongs."""
    return f"the setting {key}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A sealed column. `key` are the columns that tell its rows apart, the first by itself; `place` is made of them."""

    table: str
    name: str
    key: tuple[str, ...]
    place: Callable[..., str]
    first: Any = 0  # comes before every value of the key
    is_binary: bool = False

    def stored(self, data: bytes) -> bytes | str:
        return data if self.is_binary else data.decode()


def _source(name: str, *, is_binary: bool = False) -> _Column:
    return _Column(
        "pipeline_sources",
        name,
        ("pipeline_id",),
        lambda pipeline_id: source_place(pipeline_id, name),
        is_binary=is_binary,
    )


_SOURCES = (_source("config"), _source("variables"), _source("spec", is_binary=True))
_OTHERS = (
    _Column("settings", "value", ("key",), setting_place, first=""),
    _Column("secrets", "value", ("id", "team_id", "pipeline_id", "name"), lambda _, *owner: secrets.place(*owner)),
)
_UNREADABLE = (
    "SELECT teams.name, pipelines.name, {0} FROM pipelines JOIN teams ON teams.id = pipelines.team_id"
    " JOIN pipeline_sources ON pipeline_sources.pipeline_id = pipelines.id ORDER BY teams.name, pipelines.name"
)


class SqlSealed:
    """Implements `SealedRepository`."""

    def __init__(self, session: Session, sealing: Sealing, system: str) -> None:
        self._session = session
        self._sealing = sealing
        self._system = system

    def unreadable(self) -> dict[str, int]:
        """See `SealedRepository`."""
        found: Counter[str] = Counter()
        for column in (*_SOURCES, *_OTHERS):
            sql = f"SELECT {_beginning(column)}, COUNT(*) FROM {column.table} GROUP BY 1"
            for beginning, count in self._session.rows(sql):
                if unknown := self._unknown(beginning):
                    found[unknown] += count
        return dict(found)

    def unreadable_pipelines(self) -> list[tuple[str, str]]:
        """See `SealedRepository`."""
        rows = self._session.rows(_UNREADABLE.format(", ".join(_beginning(column) for column in _SOURCES)))
        return [(row[0], row[1]) for row in rows if any(map(self._unknown, row[2:]))]

    def forget(self) -> int:
        """See `SealedRepository`."""
        forgotten = 0
        for column in _OTHERS:
            keys = f"SELECT {column.key[0]}, {_beginning(column)} FROM {column.table}"
            for key, beginning in self._session.rows(keys):
                if self._unknown(beginning):
                    sql = f"DELETE FROM {column.table} WHERE {column.key[0]} = ?"
                    forgotten += self._session.write(sql, (key,))
        return forgotten

    def seal_all(self) -> int:
        """See `SealedRepository`."""
        if not self._sealing.key_id:
            return 0
        if self._system != "sqlite":
            return self._seal_columns()
        # What stood there in plain text is overwritten, also where the new value stands elsewhere.
        ((before,),) = self._session.rows("PRAGMA secure_delete")
        self._session.rows("PRAGMA secure_delete = ON")
        sealed = self._seal_columns()
        self._session.rows(f"PRAGMA secure_delete = {before}")
        if sealed:
            self._session.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        return sealed

    def _seal_columns(self) -> int:
        return sum(self._seal(column) for column in (*_SOURCES, *_OTHERS))

    def _seal(self, column: _Column) -> int:
        count, after = 0, column.first
        prefix = column.stored(self._sealing.prefix.encode())
        sql = (
            f"SELECT {', '.join(column.key)}, {column.name} FROM {column.table} WHERE {column.key[0]} > ?"
            f" AND substr({column.name}, 1, {len(prefix)}) <> ? ORDER BY {column.key[0]} LIMIT {_BATCH}"
            " FOR NO KEY UPDATE"
        )
        while True:
            with self._session.transaction():
                rows = self._session.change(sql, (after, prefix))
                count += sum(self._seal_row(column, row) for row in rows)
            if not rows:
                return count
            after = rows[-1][0]

    def _seal_row(self, column: _Column, row: Row) -> bool:
        *key, stored = row
        data = stored.encode() if isinstance(stored, str) else bytes(stored)
        if self._unknown(data[:_ID_LENGTH]):
            return False
        place = column.place(*key)
        sealed = self._sealing.seal(self._sealing.open(data, place), place)
        sql = f"UPDATE {column.table} SET {column.name} = ? WHERE {column.key[0]} = ?"
        self._session.write(sql, (column.stored(sealed), key[0]))
        return True

    def _unknown(self, beginning: str | bytes) -> str:
        """The id of the key that a value which begins so is sealed with, if that is none of ours."""
        data = beginning.encode() if isinstance(beginning, str) else bytes(beginning)
        key_id = data[len(PREFIX) : _ID_LENGTH].decode("ascii", "replace") if data.startswith(PREFIX) else ""
        return "" if self._sealing.knows(key_id) else key_id


def _beginning(column: _Column) -> str:
    return f"substr({column.table}.{column.name}, 1, {_ID_LENGTH})"
