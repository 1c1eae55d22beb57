"""How a log chunk's bytes are stored: compressed with zstd where that makes them fewer, else as they are."""

from __future__ import annotations

import zstandard

from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.limits import MAX_LOG_EVENT

ZSTD = "zstd"
#: Fewer bytes are not worth the while; more are no chunk of a worker's.
LEAST, MOST = 512, MAX_LOG_EVENT

_compress = zstandard.ZstdCompressor(level=1).compress
_decompress = zstandard.ZstdDecompressor().decompress


def encode(data: bytes) -> tuple[bytes, str | None]:
    """The bytes to store and their encoding, None where they are the data. A megabyte takes some milliseconds."""
    if not LEAST <= len(data) <= MOST:
        return data, None
    compressed = _compress(data)
    return (compressed, ZSTD) if len(compressed) < len(data) else (data, None)


def decode(stored: bytes, encoding: str | None, size: int) -> bytes:
    """The chunk's `size` bytes. Raises NotFoundError where they are not to be had from what is stored."""
    if encoding is None:
        return stored
    try:
        # zstandard takes as much memory as the frame says, whatever limit it is given: so look first.
        if encoding == ZSTD and zstandard.frame_content_size(stored) == size <= MOST:
            return _decompress(stored)
    except zstandard.ZstdError as error:
        raise _damaged() from error
    raise _damaged()


def _damaged() -> NotFoundError:
    return NotFoundError("a part of the log is damaged in the database", hint="restore it from a backup")
