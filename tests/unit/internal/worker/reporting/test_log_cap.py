"""Head and tail of a log that is too long."""

from __future__ import annotations

from pikoci.internal.worker.reporting.log_cap import HeadBudget, LogCap


def run(cap: LogCap, *chunks: bytes) -> bytes:
    return b"".join([*map(cap.feed, chunks), cap.finish()])


def test_a_log_within_the_limit_passes() -> None:
    assert run(LogCap(HeadBudget(10), 5), b"12345", b"67890") == b"1234567890"


def test_what_fits_head_and_tail_together_needs_no_notice() -> None:
    assert run(LogCap(HeadBudget(3), 5), b"12345678") == b"12345678"


def test_the_middle_is_left_out_with_a_notice() -> None:
    assert run(LogCap(HeadBudget(3), 5), b"12", b"34567890abc").decode() == "123\n… 5 bytes left out …\n90abc"


def test_single_bytes_are_kept_as_well_as_large_chunks() -> None:
    data = bytes(range(256)) * 200
    singles = run(LogCap(HeadBudget(7), 1000), *(data[i : i + 1] for i in range(len(data))))
    assert singles == run(LogCap(HeadBudget(7), 1000), data)


def test_the_tail_stays_small() -> None:
    cap = LogCap(HeadBudget(0), 1000)
    for _ in range(10_000):
        cap.feed(b"x" * 100)
    assert cap._kept < 1000 + 17 * 1024


def test_steps_share_the_head_and_have_a_tail_each() -> None:
    head = HeadBudget(4)
    assert run(LogCap(head, 2), b"abc") == b"abc"
    assert run(LogCap(head, 2), b"defgh").decode() == "d\n… 2 bytes left out …\ngh"
