"""Logs of builds, in chunks as they came, compressed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pikoci.internal.domain.build import LogChunk
from pikoci.internal.store.log_data import decode, encode
from pikoci.internal.store.session import Row, Session, batches, marks
from pikoci.internal.store.tables import LOG_CHUNKS
from pikoci.internal.store.values import shown_text

_MIB = 1024 * 1024
#: How many chunks are deleted together.
_DELETED = 500
#: How many chunks' sizes are looked at together; tiny chunks are the common case.
PAGE = 1024

#: The chunk in which a byte lies, or the first one after it.
FIRST = (
    "SELECT COALESCE((SELECT start FROM log_chunks WHERE build_id = ? AND start <= ? AND start + size > ?"
    " ORDER BY start DESC LIMIT 1), (SELECT MIN(start) FROM log_chunks WHERE build_id = ? AND start > ?))"
)
SIZES = "SELECT start, size FROM log_chunks WHERE build_id = ? AND start >= ? ORDER BY start LIMIT ?"
_APPEND = "INSERT INTO log_chunks (build_id, start, size, step, claim, at, data, encoding) VALUES "
READ = (
    f"SELECT {LOG_CHUNKS.columns}, size, encoding FROM log_chunks WHERE build_id = ? AND start BETWEEN ? AND ?"
    " ORDER BY start"
)
EXPIRED = (
    "SELECT id FROM builds WHERE finished_at IS NOT NULL AND NOT log_deleted AND finished_at < ?"
    " ORDER BY finished_at LIMIT ?"
)
CUT = "DELETE FROM log_chunks WHERE build_id = ? AND start <= ?"


def first_chunks_sql(builds: int) -> str:
    """The statement for the first chunks of that many builds together."""
    return (
        f"SELECT build_id, start, size FROM log_chunks WHERE build_id IN ({marks(builds)})"
        " ORDER BY build_id, start LIMIT ?"
    )


def mark_deleted_sql(builds: int) -> str:
    """The statement that marks the logs of that many builds as deleted, and tells what sizes they had."""
    return f"UPDATE builds SET log_deleted = TRUE WHERE id IN ({marks(builds)}) AND NOT log_deleted RETURNING log_size"


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
                values += (build_id, chunk.offset, len(chunk.data), step, chunk.claim, chunk.at, *encode(chunk.data))
            self._session.write(_APPEND + marks(len(batch), "(?, ?, ?, ?, ?, ?, ?, ?)"), values)

    def read(self, build_id: int, offset: int, limit: int) -> list[LogChunk]:
        """See `LogRepository`. Loads no more than it returns."""
        row = self._session.row(FIRST, (build_id, offset, offset, build_id, offset))
        if row is None or row[0] is None:
            return []
        rows = self._session.rows(READ, (build_id, row[0], self._last(build_id, row[0], offset, limit)))
        return [_read(row) for row in rows]

    def expired(self, finished_before: float, limit: int) -> list[int]:
        """See `LogRepository`."""
        return [row[0] for row in self._session.rows(EXPIRED, (finished_before, limit))]

    def delete_some(self, build_ids: Sequence[int]) -> bool:
        """See `LogRepository`. About a megabyte, or 500 chunks, at a time."""
        return any(self._delete_some(batch) for batch in batches(sorted(build_ids)))

    def mark_deleted(self, build_ids: Sequence[int]) -> int:
        """See `LogRepository`."""
        rows: list[Row] = []
        for batch in batches(sorted(build_ids)):
            rows += self._session.change(mark_deleted_sql(len(batch)), batch)
        return sum(1 for row in rows if row[0] > 0)

    def _delete_some(self, build_ids: Sequence[int]) -> bool:
        size, last, first = 0, 0, 0
        chunks = self._session.rows(first_chunks_sql(len(build_ids)), (*build_ids, _DELETED))
        for build_id, first, length in chunks:  # noqa: B007 - the last one is where to stop
            last, size = build_id, size + length
            if size >= _MIB:
                break
        whole = [build_id for build_id in build_ids if build_id < last]
        if whole:
            self._session.write(f"DELETE FROM log_chunks WHERE build_id IN ({marks(len(whole))})", whole)
        if chunks:
            self._session.write(CUT, (last, first))
        return size >= _MIB or len(chunks) == _DELETED

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


def _read(row: Row) -> LogChunk:
    chunk, (size, encoding) = LOG_CHUNKS.read(row), row[-2:]
    return chunk if encoding is None else replace(chunk, data=decode(chunk.data, encoding, size))


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
