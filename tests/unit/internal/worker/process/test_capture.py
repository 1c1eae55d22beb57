"""Output kept as data, up to a limit."""

import pytest

from pikoci.internal.worker.process import Capture


@pytest.mark.parametrize(
    ("chunks", "data", "overflowed"),
    [
        ([], b"", False),
        ([b"ab", b"cd"], b"abcd", False),
        ([b"abcd", b"e"], b"abcd", True),
        ([b"abcdef"], b"abcd", True),
        ([b"abc", b"de", b"f"], b"abcd", True),
    ],
)
def test_keeps_what_fits_and_tells_of_more(chunks: list[bytes], data: bytes, overflowed: bool) -> None:
    capture = Capture(4)
    for chunk in chunks:
        capture(chunk)
    assert (capture.data, capture.overflowed) == (data, overflowed)
