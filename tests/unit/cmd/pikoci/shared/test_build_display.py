from __future__ import annotations

import io

import pytest

from pikoci.shared.build_display import BuildDisplay


class Now:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def out() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def display(out: io.BytesIO, now: Now) -> BuildDisplay:
    return BuildDisplay(out, now, terminal=False, colors=False)


@pytest.fixture
def live(out: io.BytesIO, now: Now) -> BuildDisplay:
    return BuildDisplay(out, now, terminal=True, colors=False)


def test_a_build_is_headings_log_and_results(display: BuildDisplay, out: io.BytesIO, now: Now) -> None:
    display.step_started("1", "task unit")
    display.log("1", b"hello\n")
    now.time += 2
    display.step_finished("1", "failed", reason="exit status 3")
    display.build_finished("main/app/test#7", "failed", reason='task "unit": exit status 3', seconds=2.04)
    assert out.getvalue().decode() == (
        "=== task unit\n"
        "hello\n"
        "--- task unit: failed in 2.0s: exit status 3\n"
        'main/app/test#7 failed in 2.0s: task "unit": exit status 3\n'
    )


def test_a_partial_line_ends_before_anything_else_is_said(display: BuildDisplay, out: io.BytesIO) -> None:
    display.step_started("1", "task unit")
    display.log("1", b"no newline")
    display.step_finished("1", "succeeded")
    assert b"no newline\n--- task unit" in out.getvalue()


def test_log_bytes_pass_unchanged(display: BuildDisplay, out: io.BytesIO) -> None:
    display.log("", b"\xff\x00\xfe\r\n")
    assert out.getvalue() == b"\xff\x00\xfe\r\n"


def test_a_further_try_has_no_second_heading(display: BuildDisplay, out: io.BytesIO) -> None:
    display.step_started("1", "task unit")
    display.step_started("1", "task unit", try_number=2)
    assert out.getvalue() == b"=== task unit\n"


def test_output_of_another_step_gets_that_heading_again(display: BuildDisplay, out: io.BytesIO) -> None:
    display.step_started("1", "task one")
    display.step_started("2", "task two")
    display.log("1", b"late\n")
    assert out.getvalue() == b"=== task one\n=== task two\n=== task one\nlate\n"


def test_the_end_of_a_step_that_never_started_is_not_told(display: BuildDisplay, out: io.BytesIO) -> None:
    display.step_finished("9", "skipped")
    assert out.getvalue() == b""


def test_a_reason_to_wait_is_told_once(display: BuildDisplay, out: io.BytesIO) -> None:
    for reason in ("", "the pipeline is paused", "the pipeline is paused", "no slot is free"):
        display.waiting(reason)
    assert out.getvalue() == b"Waiting: the pipeline is paused\nWaiting: no slot is free\n"


def test_a_line_that_gets_shorter_is_told_once(display: BuildDisplay, out: io.BytesIO) -> None:
    display.waiting("waits for a worker: w could take it, its slot is busy; 2nd in line")
    display.waiting("waits for a worker: w could take it, its slot is busy; 1st in line")
    assert out.getvalue() == b"Waits for a worker: w could take it, its slot is busy; 2nd in line\n"


def test_titles_and_reasons_cannot_steer_the_terminal(display: BuildDisplay, out: io.BytesIO) -> None:
    display.step_started("1", "task \x1b[2J")
    display.step_finished("1", "failed", reason="\x1b]0;x\x07\nnext")
    assert b"\x1b" not in out.getvalue()
    assert out.getvalue().count(b"\n") == 2


def test_progress_shows_the_step_and_its_time_and_is_cleared_before_output(
    live: BuildDisplay, out: io.BytesIO, now: Now
) -> None:
    live.step_started("1", "task unit")
    now.time += 3
    live.tick()
    assert out.getvalue().endswith(b"task unit 3.0s")
    live.log("1", b"hello\n")
    assert out.getvalue().endswith(b"3.0s\r\x1b[Khello\n")


def test_progress_stays_away_in_the_middle_of_a_line(live: BuildDisplay, out: io.BytesIO) -> None:
    live.step_started("1", "task unit")
    live.log("1", b"50%")
    before = out.getvalue()
    live.tick()
    assert out.getvalue() == before


def test_progress_shows_what_is_waited_for(live: BuildDisplay, out: io.BytesIO) -> None:
    live.waiting("")
    live.tick()
    assert b"waits for a worker" in out.getvalue()


def test_there_is_no_progress_where_nobody_looks(display: BuildDisplay, out: io.BytesIO) -> None:
    display.step_started("1", "task unit")
    before = out.getvalue()
    with display.ticking():
        display.tick()
    assert out.getvalue() == before


def test_closing_leaves_the_cursor_on_an_empty_line(live: BuildDisplay, out: io.BytesIO) -> None:
    live.step_started("1", "task unit")
    live.tick()
    live.close()
    assert out.getvalue().endswith(b"\r\x1b[K")
    live.log("1", b"partial")
    live.close()
    assert out.getvalue().endswith(b"partial\n")


def test_colours_come_only_where_they_are_wanted(out: io.BytesIO, now: Now) -> None:
    display = BuildDisplay(out, now, terminal=False, colors=True)
    display.step_started("1", "task unit")
    display.step_finished("1", "failed")
    assert b"\x1b[31m" in out.getvalue()


def beside(display: BuildDisplay) -> None:
    display.step_started("1", "in_parallel 2 steps", is_block=True)
    display.step_started("1/1", "task a")
    display.step_started("1/2", "task b")


def test_lines_of_steps_side_by_side_are_led_by_their_step(display: BuildDisplay, out: io.BytesIO) -> None:
    beside(display)
    display.log("1/1", b"one\ntw")
    display.log("1/2", b"other\n")
    display.log("1/1", b"o\nthree")
    display.step_finished("1/1", "succeeded")
    assert out.getvalue().decode() == (
        "=== in_parallel 2 steps\n=== task a\n=== task b\n"
        "task a | one\ntask b | other\ntask a | two\ntask a | three\n--- task a: succeeded in 0ms\n"
    )


def test_hooks_of_a_step_side_by_side_are_led_by_both(display: BuildDisplay, out: io.BytesIO) -> None:
    beside(display)
    display.step_started("1/1/ensure/1", "hook ensure")
    display.log("1/1/ensure/1", b"cleaned\n")
    assert out.getvalue().decode().endswith("=== task a, hook ensure\ntask a, hook ensure | cleaned\n")


def test_what_runs_after_the_block_is_shown_as_ever(display: BuildDisplay, out: io.BytesIO) -> None:
    beside(display)
    display.log("1/2", b"unfinished")
    display.step_finished("1/2", "succeeded")
    display.step_started("1/ensure/1", "hook ensure")
    display.log("1/ensure/1", b"plain\n")
    display.log("1", b"of the block\n")
    assert out.getvalue().decode().endswith("=== hook ensure\nplain\n=== in_parallel 2 steps\nof the block\n")


def test_of_a_line_that_is_written_again_the_last_is_shown(display: BuildDisplay, out: io.BytesIO) -> None:
    beside(display)
    display.log("1/1", b"10%\r50%\r100%\r\nnext\r\n")
    assert out.getvalue().endswith(b"task a | 100%\ntask a | next\n")


def test_a_line_without_end_takes_no_memory(display: BuildDisplay, out: io.BytesIO) -> None:
    beside(display)
    for _ in range(40):
        display.log("1/1", b"x" * 4096)
    assert out.getvalue().count(b"x") >= 64 * 1024


@pytest.mark.parametrize("end", ["build", "again", "close"])
def test_a_begun_line_is_shown_at_the_end_of_all(display: BuildDisplay, out: io.BytesIO, end: str) -> None:
    beside(display)
    display.log("1/1", b"begun")
    if end == "build":
        display.build_finished("main/app/test#7", "errored")
    elif end == "again":
        display.start_again("again")
    else:
        display.close()
    assert b"task a | begun\n" in out.getvalue()


def test_the_progress_line_says_how_many_run(live: BuildDisplay, out: io.BytesIO) -> None:
    beside(live)
    live.tick()
    assert b"| task b and 1 more 0ms" in out.getvalue()
