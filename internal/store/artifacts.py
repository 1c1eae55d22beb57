"""Artifacts: byte streams in chunks, named by their SHA-256 once they are whole."""

from __future__ import annotations

from collections.abc import Iterator

from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.store.session import Session
from pikoci.internal.store.values import key_text

READ = "SELECT data FROM artifact_chunks WHERE upload = ? AND sequence = ?"
UNNAMED = "DELETE FROM artifact_grants WHERE NOT named AND created_at < ?"
UNGRANTED = (
    "DELETE FROM artifacts WHERE created_at < ?"
    " AND NOT EXISTS (SELECT 1 FROM artifact_grants g WHERE g.digest = artifacts.digest) RETURNING upload"
)
UNFINISHED = (
    "SELECT c.upload FROM artifact_chunks c WHERE NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.upload = c.upload)"
    " GROUP BY c.upload HAVING MAX(c.created_at) < ?"
)
#: A quarter of a MiB each; the first ones go last.
LAST_CHUNKS = "SELECT sequence FROM artifact_chunks WHERE upload = ? ORDER BY sequence DESC LIMIT 4"
CUT = "DELETE FROM artifact_chunks WHERE upload = ? AND sequence >= ?"


class SqlArtifacts:
    """Implements `ArtifactRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, upload: str, sequence: int, data: bytes, now: float) -> None:
        """See `ArtifactRepository`."""
        self._session.write(
            "INSERT INTO artifact_chunks (upload, sequence, created_at, data) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (upload, sequence) DO UPDATE SET data = excluded.data",
            (key_text(upload, "the upload's name"), sequence, now, data),
        )

    def finish(self, upload: str, digest: str, size: int, pipeline_id: int, now: float) -> None:
        """See `ArtifactRepository`."""
        fresh = self._session.change(
            "INSERT INTO artifacts (digest, upload, size, created_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at RETURNING upload",
            (key_text(digest, "the digest"), upload, size, now),
        )
        if fresh[0][0] != upload:
            self.discard(upload)
        self._session.write(
            "INSERT INTO artifact_grants (digest, pipeline_id, named, created_at) VALUES (?, ?, FALSE, ?)"
            " ON CONFLICT (digest, pipeline_id) DO UPDATE SET created_at = excluded.created_at",
            (digest, pipeline_id, now),
        )

    def exists(self, digest: str, pipeline_id: int) -> bool:
        """See `ArtifactRepository`."""
        sql = "SELECT 1 FROM artifact_grants WHERE digest = ? AND pipeline_id = ?"
        return self._session.row(sql, (key_text(digest, "the digest"), pipeline_id)) is not None

    def read(self, digest: str) -> Iterator[bytes]:
        """See `ArtifactRepository`. One chunk in memory at a time.

        Raises NotFoundError, also when the artifact is deleted meanwhile.
        """
        known = self._session.row(
            "SELECT upload, size FROM artifacts WHERE digest = ?", (key_text(digest, "the digest"),)
        )
        if known is None:
            raise NotFoundError(f"there is no artifact {digest}")
        return self._chunks(digest, *known)

    def discard(self, upload: str) -> None:
        """See `ArtifactRepository`."""
        self._session.write("DELETE FROM artifact_chunks WHERE upload = ?", (key_text(upload, "the upload's name"),))

    def discard_some(self, upload: str) -> bool:
        """See `ArtifactRepository`."""
        last = self._session.rows(LAST_CHUNKS, (upload,))
        if last:
            self._session.write(CUT, (upload, last[-1][0]))
        return bool(last)

    def forget_unused(self, before: float) -> list[str]:
        """See `ArtifactRepository`."""
        self._session.write(UNNAMED, (before,))
        artifacts = [row[0] for row in self._session.change(UNGRANTED, (before,))]
        unfinished = [row[0] for row in self._session.rows(UNFINISHED, (before,))]
        return list(dict.fromkeys([*artifacts, *unfinished]))

    def _chunks(self, digest: str, upload: str, size: int) -> Iterator[bytes]:
        sequence = 0
        while size > 0:
            row = self._session.row(READ, (upload, sequence))
            if row is None:
                raise NotFoundError(f"the artifact {digest} was deleted while it was read")
            data = bytes(row[0])
            yield data
            size -= len(data)
            sequence += 1
