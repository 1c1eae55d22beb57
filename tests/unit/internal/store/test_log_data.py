"""Log chunks are stored in fewer bytes, and read back in a memory that they cannot choose."""

import random
import tracemalloc

import pytest
import zstandard

from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.store.log_data import LEAST, MOST, ZSTD, decode, encode

TEXT = b"2026-01-01T00:00:00Z compiling module_a.c\n" * 2000


def test_text_shrinks_and_comes_back() -> None:
    stored, encoding = encode(TEXT)
    assert encoding == ZSTD
    assert len(stored) < len(TEXT) / 10
    assert decode(stored, encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("data", [b"", b"x" * (LEAST - 1), random.Random(1).randbytes(5000), b"x" * (MOST + 1)])
def test_what_gains_nothing_is_stored_as_it_is(data: bytes) -> None:
    assert encode(data) == (data, None)
    assert decode(data, None, len(data)) == data


@pytest.mark.parametrize(
    ("stored", "encoding", "size"),
    [
        (b"no frame", ZSTD, 8),
        (encode(TEXT)[0][:-5], ZSTD, len(TEXT)),
        (encode(TEXT)[0], ZSTD, len(TEXT) - 1),
        (encode(TEXT)[0], "lz4", len(TEXT)),
        (zstandard.ZstdCompressor(write_content_size=False).compress(TEXT), ZSTD, len(TEXT)),
    ],
    ids=["noise", "cut", "another size", "another encoding", "no size"],
)
def test_a_damaged_chunk_is_an_error(stored: bytes, encoding: str, size: int) -> None:
    with pytest.raises(NotFoundError, match="damaged"):
        decode(stored, encoding, size)


def test_a_chunk_cannot_grow_beyond_what_a_worker_may_send() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * MOST))
    tracemalloc.start()
    try:
        for size in (1000, 64 * MOST):
            with pytest.raises(NotFoundError):
                decode(bomb, ZSTD, size)
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
