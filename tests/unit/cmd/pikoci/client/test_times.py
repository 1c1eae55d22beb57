from __future__ import annotations

import pytest

from pikoci.client.times import parse_time


def test_times_of_the_api_are_read_with_and_without_fractions() -> None:
    assert parse_time("1970-01-01T00:01:00Z") == 60.0
    assert parse_time("1970-01-01T00:01:00.500000Z") == 60.5
    assert parse_time("1970-01-01T01:01:00+01:00") == 60.0


def test_a_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        parse_time("yesterday")
