"""What is done out of order is stored so that nothing is lost, and little comes twice."""

import random

import pytest

from pikoci.pkg.queue.kafka.progress import Progress, Stored, read_stored


def progress_of(*offsets: int) -> Progress:
    progress = Progress(offsets[0])
    for offset in offsets:
        progress.see(offset)
    return progress


def test_the_offset_stays_before_the_first_message_that_is_not_done() -> None:
    progress = progress_of(5, 6, 7, 8)
    progress.finish(6)
    progress.finish(8)
    assert progress.offset == 5
    progress.finish(5)
    assert progress.offset == 7
    progress.finish(7)
    assert progress.offset == 9


def test_gaps_between_offsets_do_not_matter() -> None:
    progress = progress_of(5, 9, 20)
    progress.finish(9)
    progress.finish(5)
    assert progress.offset == 20


def test_what_is_done_beyond_the_offset_is_read_back() -> None:
    progress = progress_of(*range(100, 120))
    progress.held = 2
    for offset in (101, 102, 103, 107, 119):
        progress.finish(offset)
    assert progress.text() == "held=2 done=1-3,7,19"
    assert read_stored(progress.offset, progress.text()) == Stored(2, frozenset({101, 102, 103, 107, 119}))


def test_a_message_that_was_done_before_is_not_seen_again() -> None:
    progress = Progress(5, frozenset({6}))
    assert [progress.see(offset) for offset in (5, 6, 7)] == [True, False, True]
    progress.finish(5)
    assert progress.offset == 7


def test_very_many_gaps_fit_into_what_the_broker_takes() -> None:
    progress = progress_of(*range(10_000))
    for offset in range(1, 10_000, 2):
        progress.finish(offset)
    text = progress.text()
    assert len(text) < 4096
    done = read_stored(progress.offset, text).done
    assert done
    assert done <= set(range(1, 10_000, 2))


@pytest.mark.parametrize(
    "text", [None, "", "junk", "held=x", "held=1 done=", "held=1 done=5-", "held=-1", "held=1 done=1;2", "\x00"]
)
def test_what_nobody_of_ours_wrote_counts_as_nothing(text: str | None) -> None:
    assert read_stored(10, text) == Stored()


def test_a_huge_range_is_not_believed() -> None:
    assert read_stored(0, "held=0 done=1-999999999999999999") == Stored()


def test_nothing_undone_is_ever_skipped() -> None:
    rng = random.Random(7)
    for _ in range(200):
        first, count = rng.randrange(100), rng.randrange(1, 60)
        progress = progress_of(*range(first, first + count))
        done = set(rng.sample(range(first, first + count), rng.randrange(count + 1)))
        for offset in sorted(done, key=lambda _: rng.random()):
            progress.finish(offset)
        stored = read_stored(progress.offset, progress.text())
        skipped = set(range(first, progress.offset)) | stored.done
        assert skipped == done
