"""Logs of builds, in chunks as they came."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.build import LogChunk
from pikoci.internal.store.session import Session, batches, marks
from pikoci.internal.store.tables import LOG_CHUNKS
from pikoci.internal.store.values import shown_text

_MIB = 1024 * 1024
#: How many chunks' sizes are looked at together; tiny chunks are the common case.
PAGE = 1024

#: The chunk in which a byte lies, or the first one after it.
FIRST = (
    "SELECT COALESCE((SELECT start FROM log_chunks WHERE build_id = ? AND start <= ? AND start + size > ?"
    " ORDER BY start DESC LIMIT 1), (SELECT MIN(start) FROM log_chunks WHERE build_id = ? AND start > ?))"
)
SIZES = "SELECT start, size FROM log_chunks WHERE build_id = ? AND start >= ? ORDER BY start LIMIT ?"
_APPEND = "INSERT INTO log_chunks (build_id, start, size, step, claim, at, data) VALUES "
READ = f"{LOG_CHUNKS.select} WHERE build_id = ? AND start BETWEEN ? AND ? ORDER BY start"
EXPIRED = (
    "SELECT id, log_size FROM builds WHERE finished_at IS NOT NULL AND NOT log_deleted AND finished_at < ?"
    " ORDER BY finished_at LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)


class SqlLogs:
    """Implements `LogRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, build_id: int, chunks: Sequence[LogChunk]) -> None:
        """See `LogRepository`. Raises ConflictError when a chunk's place is taken."""
        for batch in _by_size(chunks):
            values: list[object] = []
            for chunk in batch:
                step = shown_text(chunk.step)
                values += (build_id, chunk.offset, len(chunk.data), step, chunk.claim, chunk.at, chunk.data)
            self._session.write(_APPEND + marks(len(batch), "(?, ?, ?, ?, ?, ?, ?)"), values)

    def read(self, build_id: int, offset: int, limit: int) -> list[LogChunk]:
        """See `LogRepository`. Loads no more than it returns."""
        row = self._session.row(FIRST, (build_id, offset, offset, build_id, offset))
        if row is None or row[0] is None:
            return []
        rows = self._session.rows(READ, (build_id, row[0], self._last(build_id, row[0], offset, limit)))
        return [LOG_CHUNKS.read(row) for row in rows]

    def delete_before(self, finished_before: float, limit: int) -> int:
        """See `LogRepository`. Looks at `limit` builds; those that had no log don't count."""
        builds = self._session.change(EXPIRED, (finished_before, limit))
        for batch in batches([row[0] for row in builds]):
            ids = marks(len(batch))
            self._session.write(f"DELETE FROM log_chunks WHERE build_id IN ({ids})", batch)
            self._session.write(f"UPDATE builds SET log_deleted = TRUE WHERE id IN ({ids})", batch)
        return sum(1 for _, size in builds if size > 0)

    def _last(self, build_id: int, first: int, offset: int, limit: int) -> int:
        """The start of the chunk with which `limit` bytes from `offset` on are reached."""
        last: int = first
        while True:
            sizes = self._session.rows(SIZES, (build_id, last, PAGE))
            for start, size in sizes:
                last = start
                if start + size - offset >= limit:
                    return last
            if len(sizes) < PAGE:
                return last


def _by_size(chunks: Sequence[LogChunk]) -> list[list[LogChunk]]:
    """Group chunks into statements of a few MiB: one statement's memory is bounded, small chunks go together."""
    groups: list[list[LogChunk]] = []
    size = 0
    for chunk in chunks:
        if not groups or size + len(chunk.data) > _MIB or len(groups[-1]) == PAGE:
            groups.append([])
            size = 0
        groups[-1].append(chunk)
        size += len(chunk.data)
    return groups
