from __future__ import annotations

import pytest

from pikoci.times import parse_time, relative_time, short_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0s"),
        (0.04, "0.0s"),
        (0.3, "0.3s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.6, "1m"),
        (200, "3m 20s"),
        (3600, "1h"),
        (7500, "2h 5m"),
        (3605, "1h"),
        (4 * 86400 + 3 * 3600 + 59, "4d 3h"),
    ],
)
def test_a_duration_shows_two_units_at_most(seconds: float, text: str) -> None:
    assert short_duration(seconds) == text


@pytest.mark.parametrize(
    ("apart", "text"),
    [(0.2, "now"), (5, "5s ago"), (90, "1m ago"), (7300, "2h ago"), (200000, "2d ago"), (-30, "in 30s")],
)
def test_a_time_is_told_relative_to_now(apart: float, text: str) -> None:
    assert relative_time(1000.0 - apart, 1000.0) == text


def test_times_of_the_api_are_read_with_and_without_fractions() -> None:
    assert parse_time("1970-01-01T00:01:00Z") == 60.0
    assert parse_time("1970-01-01T00:01:00.500000Z") == 60.5
    assert parse_time("1970-01-01T01:01:00+01:00") == 60.0


def test_a_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        parse_time("yesterday")
