"""Only what is done with in order is stored; the rest comes again if the partition moves."""

from pikoci.pkg.queue.kafka.message import Progress


def progress_of(*offsets: int) -> Progress:
    progress = Progress()
    for offset in offsets:
        progress.begin(offset)
    return progress


def test_nothing_is_done_before_the_first_message_is() -> None:
    assert progress_of(7, 8).offset == 7


def test_all_is_done_up_to_the_first_open_message() -> None:
    progress = progress_of(7, 8, 9)
    progress.finish(7)
    progress.finish(9)
    assert progress.offset == 8


def test_a_gap_that_closes_frees_what_was_done_beyond_it() -> None:
    progress = progress_of(7, 9, 12)
    for offset in (12, 9, 7):
        progress.finish(offset)
    assert progress.offset == 13


def test_a_second_answer_changes_nothing() -> None:
    progress = progress_of(7, 8)
    progress.finish(7)
    progress.finish(7)
    assert progress.offset == 8
