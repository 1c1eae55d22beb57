"""Versions of resources. A version's id is its check order: ids are given in the order in which versions were found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.pipeline import Page, Version
from pikoci.internal.store.session import Row, Session, batches, marks, returning
from pikoci.internal.store.values import Key, decode_cursor, encode_cursor, version_key

_COLUMNS = "id, resource_id, version, disabled, created_at"
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

FIND = f"SELECT {_COLUMNS} FROM versions WHERE resource_id = ? AND digest = ?"
LATEST = f"SELECT {_COLUMNS} FROM versions WHERE resource_id = ? ORDER BY id DESC LIMIT 1"
LIST = f"SELECT {_COLUMNS} FROM versions WHERE resource_id = ? AND id < ? ORDER BY id DESC LIMIT ?"

_NEWEST = 2**63 - 1


class SqlVersions:
    """Implements `VersionRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, resource_id: int, versions: Sequence[Mapping[str, object]], now: float) -> list[Version]:
        """See `VersionRepository`. Raises NotFoundError when the resource is gone.

        Takes about 8 µs a version, in which SQLite lets nothing else run: 5,000 in one transaction are plenty.
        """
        # Without the lock, two servers could find versions at once and give them interleaved ids.
        owner = self._session.change("SELECT pipeline_id FROM resources WHERE id = ? FOR NO KEY UPDATE", (resource_id,))
        if not owner:
            raise NotFoundError("the resource does not exist any more")
        keys = dict(version_key(version) for version in versions)
        saved: list[Version] = []
        for batch in batches(list(keys.items())):
            groups = ", ".join(["(?, ?, ?, FALSE, ?)"] * len(batch))
            rows = self._session.change(
                f"INSERT INTO versions (resource_id, digest, version, disabled, created_at) VALUES {groups}"
                f" ON CONFLICT (resource_id, digest) DO NOTHING {returning(_COLUMNS)}",
                [value for digest, text in batch for value in (resource_id, digest, text, now)],
            )
            saved += map(_version, rows)
        self._name_artifacts(owner[0][0], keys.values())
        return sorted(saved, key=lambda version: version.id)

    def get(self, version_id: int) -> Version | None:
        """See `VersionRepository`."""
        row = self._session.row(f"SELECT {_COLUMNS} FROM versions WHERE id = ?", (version_id,))
        return _version(row) if row else None

    def find(self, resource_id: int, version: Mapping[str, object]) -> Version | None:
        """See `VersionRepository`."""
        row = self._session.row(FIND, (resource_id, version_key(version)[0]))
        return _version(row) if row else None

    def latest(self, resource_id: int) -> Version | None:
        """See `VersionRepository`."""
        row = self._session.row(LATEST, (resource_id,))
        return _version(row) if row else None

    def list(self, resource_id: int, *, limit: int, cursor: str | None) -> Page[Version]:
        """See `VersionRepository`. Raises InvalidError for a cursor that it did not make."""
        before = _NEWEST if cursor is None else decode_cursor(cursor, tuple[Key])[0]
        rows = self._session.rows(LIST, (resource_id, before, limit + 1))
        items = [_version(row) for row in rows[:limit]]
        return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit and items else None)

    def set_disabled(self, version_id: int, disabled: bool) -> None:
        """See `VersionRepository`."""
        self._session.write("UPDATE versions SET disabled = ? WHERE id = ?", (disabled, version_id))

    def _name_artifacts(self, pipeline_id: int, texts: Iterable[str]) -> None:
        # Known versions count too: an artifact may have been deleted and stored again since.
        digests = sorted({digest for text in texts for digest in _DIGEST.findall(text)})
        for batch in batches(digests):
            self._session.write(
                "UPDATE artifact_grants SET named = TRUE WHERE NOT named AND pipeline_id = ?"
                f" AND digest IN ({marks(len(batch))})",
                (pipeline_id, *batch),
            )


def _version(row: Row) -> Version:
    return Version(
        id=row[0],
        resource_id=row[1],
        version=msgspec.json.decode(row[2]),
        check_order=row[0],
        disabled=bool(row[3]),
        created_at=row[4],
    )
