import pytest

from pikoci.internal.web.times import absolute, duration, machine, relative


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 ms"),
        (0.04, "40 ms"),
        (0.0996, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7200, "2 h"),
        (3661, "1 h 1 min"),
        (4 * 86400 + 3 * 3600 + 59, "4 d 3 h"),
        (86400 + 59, "1 d"),
    ],
)
def test_durations_have_their_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (1000, "just now"),
        (999.5, "just now"),
        (940, "1 min ago"),
        (988, "12 s ago"),
        (1040, "in 40 s"),
        (8300, "in 2 h"),
    ],
)
def test_times_are_told_relative_to_now(then: float, text: str) -> None:
    assert relative(then, 1000) == text


def test_times_are_told_in_utc() -> None:
    assert absolute(1_000_000) == "1970-01-12 13:46:40 UTC"
    assert machine(1_000_000.9) == "1970-01-12T13:46:40Z"
