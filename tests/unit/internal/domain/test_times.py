from __future__ import annotations

import pytest

from pikoci.internal.domain.times import relative_time, short_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0ms"),
        (0.04, "40ms"),
        (0.0996, "0.1s"),
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
    [(0.2, "just now"), (5, "5s ago"), (90, "1m ago"), (7300, "2h ago"), (200000, "2d ago"), (-30, "in 30s")],
)
def test_a_time_is_told_relative_to_now(apart: float, text: str) -> None:
    assert relative_time(1000.0 - apart, 1000.0) == text
