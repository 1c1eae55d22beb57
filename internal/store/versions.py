"""Versions of resources, and the order in which checks listed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.pipeline import Page, Version
from pikoci.internal.store.session import Row, Session, batches, marks
from pikoci.internal.store.tables import VERSIONS
from pikoci.internal.store.values import Key, decode_cursor, encode_cursor, encode_json, version_key

_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

FIND = f"{VERSIONS.select} WHERE resource_id = ? AND digest = ?"
LATEST = f"{VERSIONS.select} WHERE resource_id = ? AND check_order IS NOT NULL ORDER BY check_order DESC LIMIT 1"
LIST = f"{VERSIONS.select} WHERE resource_id = ? AND check_order < ? ORDER BY check_order DESC LIMIT ?"
LIST_WITHOUT_PLACE = (
    f"{VERSIONS.select} WHERE resource_id = ? AND check_order IS NULL AND id < ? ORDER BY id DESC LIMIT ?"
)
LAST_PLACE = (
    "SELECT check_order, digest FROM versions WHERE resource_id = ? AND check_order IS NOT NULL"
    " ORDER BY check_order DESC LIMIT 1"
)
MOVE = f"UPDATE versions SET check_order = ? WHERE resource_id = ? AND digest = ? {VERSIONS.returning}"
RECORD = (
    "INSERT INTO versions (resource_id, digest, version, disabled, created_at, metadata) VALUES (?, ?, ?, FALSE, ?, ?)"
    " ON CONFLICT (resource_id, digest) DO NOTHING"
)

TOGGLE = "UPDATE resources SET toggles = toggles + 1 WHERE id = (SELECT resource_id FROM versions WHERE id = ?)"

_INSERT = (
    "INSERT INTO versions (resource_id, digest, version, disabled, created_at, check_order, found_order, metadata)"
    " VALUES "
)
#: Known versions are left alone, and not returned, but for those without a place.
_PLACE = (
    " ON CONFLICT (resource_id, digest) DO UPDATE"
    " SET check_order = excluded.check_order, found_order = excluded.found_order,"
    " metadata = COALESCE(excluded.metadata, versions.metadata) WHERE versions.check_order IS NULL "
    + VERSIONS.returning
)
_NEWEST = 2**63 - 1


class SqlVersions:
    """Implements `VersionRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(
        self,
        resource_id: int,
        versions: Sequence[Mapping[str, object]],
        now: float,
        *,
        last: bool = True,
        metadata: Sequence[Mapping[str, str]] = (),
    ) -> list[Version]:
        """See `VersionRepository`. Raises NotFoundError when the resource is gone.

        Takes about 10 µs a version, in which SQLite lets nothing else run: 5,000 in one transaction are plenty.
        """
        if not versions:
            return []
        pipeline_id = self._lock(resource_id)
        listed = [version_key(version) for version in versions]
        keys = dict(listed)
        told = zip(reversed(listed), reversed(metadata))  # noqa: B905 - what is told is of the last ones
        known = {digest: encode_json(found) for (digest, _), found in told if found}
        # A statement of its own: one that waits for the lock would see the order as it was before the wait.
        place, newest = self._session.row(LAST_PLACE, (resource_id,)) or (0, b"")
        changed: list[Version] = []
        for batch in batches([(*key, place + turn) for turn, key in enumerate(keys.items(), start=1)]):
            groups = marks(len(batch), "(?, ?, ?, FALSE, ?, ?, ?, ?)")
            values = [
                value
                for digest, text, order in batch
                for value in (resource_id, digest, text, now, order, order, known.get(digest))
            ]
            changed += map(VERSIONS.read, self._session.change(_INSERT + groups + _PLACE, values))
        end, final = place + len(keys), next(reversed(keys))
        if last and not any(version.check_order == end for version in changed) and (changed or final != bytes(newest)):
            changed += map(VERSIONS.read, self._session.change(MOVE, (end, resource_id, final)))
        self._name_artifacts(pipeline_id, keys.values())
        return sorted(changed, key=attrgetter("check_order"))

    def record(
        self, resource_id: int, version: Mapping[str, object], now: float, metadata: Mapping[str, str] | None = None
    ) -> Version:
        """See `VersionRepository`. Raises NotFoundError when the resource is gone."""
        pipeline_id = self._lock(resource_id)
        digest, text = version_key(version)
        known = encode_json(metadata) if metadata else None
        self._session.write(RECORD, (resource_id, digest, text, now, known))
        self._name_artifacts(pipeline_id, [text])
        return VERSIONS.read(self._session.rows(FIND, (resource_id, digest))[0])

    def get(self, version_id: int) -> Version | None:
        """See `VersionRepository`."""
        row = self._session.row(f"{VERSIONS.select} WHERE id = ?", (version_id,))
        return VERSIONS.read(row) if row else None

    def find(self, resource_id: int, version: Mapping[str, object]) -> Version | None:
        """See `VersionRepository`."""
        row = self._session.row(FIND, (resource_id, version_key(version)[0]))
        return VERSIONS.read(row) if row else None

    def latest(self, resource_id: int) -> Version | None:
        """See `VersionRepository`."""
        row = self._session.row(LATEST, (resource_id,))
        return VERSIONS.read(row) if row else None

    def list(self, resource_id: int, *, limit: int, cursor: str | None) -> Page[Version]:
        """See `VersionRepository`. Raises InvalidError for a cursor that it did not make."""
        placed, before = (True, _NEWEST) if cursor is None else decode_cursor(cursor, tuple[bool, Key])
        rows: list[Row] = []
        if placed:
            rows += self._session.rows(LIST, (resource_id, before, limit + 1))
        if len(rows) <= limit:
            below = _NEWEST if placed else before
            rows += self._session.rows(LIST_WITHOUT_PLACE, (resource_id, below, limit + 1 - len(rows)))
        items = [VERSIONS.read(row) for row in rows[:limit]]
        return Page(items=items, next=_cursor(items[-1]) if len(rows) > limit and items else None)

    def set_disabled(self, version_id: int, disabled: bool) -> None:
        """See `VersionRepository`. The resource comes first, as for whoever saves versions."""
        self._session.write(TOGGLE, (version_id,))
        self._session.write("UPDATE versions SET disabled = ? WHERE id = ?", (disabled, version_id))

    def _lock(self, resource_id: int) -> int:
        # Without it, two servers could place versions at once and give them interleaved orders.
        rows = self._session.change("SELECT pipeline_id FROM resources WHERE id = ? FOR NO KEY UPDATE", (resource_id,))
        if not rows:
            raise NotFoundError("the resource does not exist any more")
        return int(rows[0][0])

    def _name_artifacts(self, pipeline_id: int, texts: Iterable[str]) -> None:
        # Known versions count too: an artifact may have been deleted and stored again since.
        digests = sorted({digest for text in texts for digest in _DIGEST.findall(text)})
        for batch in batches(digests):
            self._session.write(
                "UPDATE artifact_grants SET named = TRUE WHERE NOT named AND pipeline_id = ?"
                f" AND digest IN ({marks(len(batch))})",
                (pipeline_id, *batch),
            )


def _cursor(version: Version) -> str:
    placed = version.check_order is not None
    return encode_cursor(placed, version.check_order if version.check_order is not None else version.id)
