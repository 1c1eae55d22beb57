from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pikoci.internal.domain.duration import InvalidDurationError, format_duration, parse_duration

FIXED = settings(derandomize=True, deadline=None, max_examples=200, database=None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("+0", 0.0),
        ("-0", 0.0),
        ("0s", 0.0),
        ("5s", 5.0),
        ("1478s", 1478.0),
        ("+5s", 5.0),
        ("5.0s", 5.0),
        ("5.s", 5.0),
        (".5s", 0.5),
        ("1.5s", 1.5),
        ("500ms", 0.5),
        ("11us", 11e-6),
        ("12µs", 12e-6),
        ("12μs", 12e-6),
        ("13ns", 13e-9),
        ("10m", 600.0),
        ("1.5h", 5400.0),
        ("1h30m", 5400.0),
        ("3h30m10.5s", 12610.5),
        ("10.5s4m", 250.5),
        ("1m1m", 120.0),
        ("39h9m14.425s", 140954.425),
        ("2562047h", 2562047 * 3600.0),
    ],
)
def test_reads_what_go_reads(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", '"" is not a duration: write numbers with units (ns, us, ms, s, m, h), such as 30s, 10m or 1h30m'),
        ("3", '"3" is not a duration: "3" has no unit: write 3s, 3m or 3h'),
        ("1h30", '"1h30" is not a duration: "30" has no unit: write 30s, 30m or 30h'),
        ("2d", '"2d" is not a duration: days and weeks have no unit: write 48h'),
        ("1 week", '"1 week" is not a duration: days and weeks have no unit: write 168h'),
        ("-5m", 'the duration "-5m" is negative: a duration here is 0 or more, such as 5m'),
        ("2562048h", 'the duration "2562048h" is too long: at most about 292 years, 2562047h'),
        ("9" * 200 + "s", 'the duration "99999999999999999999..." is too long: at most 100 characters, such as 1h30m'),
    ],
)
def test_refuses_with_the_text_and_a_way_out(text: str, words: str) -> None:
    with pytest.raises(InvalidDurationError) as caught:
        parse_duration(text)
    assert f"{caught.value.message}: {caught.value.hint}" == words


@pytest.mark.parametrize(
    "text",
    [
        "-",
        "+",
        ".",
        "-.",
        ".s",
        "s",
        "1.2.3s",
        "10 m",
        " 1s",
        "1s ",
        "1S",
        "1M",
        "--1s",
        "+-1s",
        "1e3s",
        "٣s",
        "∞",
        "1h,5m",
    ],
)
def test_refuses_what_go_refuses(text: str) -> None:
    with pytest.raises(InvalidDurationError):
        parse_duration(text)


def test_a_negative_duration_is_read_where_it_is_allowed() -> None:
    assert parse_duration("-1m30s", allow_negative=True) == -90.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (1, "1s"),
        (1.5, "1.5s"),
        (60, "1m"),
        (90, "1m30s"),
        (600, "10m"),
        (3600, "1h"),
        (3601.25, "1h1.25s"),
        (86400, "24h"),
        (0.5, "500ms"),
        (0.0015, "1.5ms"),
        (1e-6, "1us"),
        (1e-9, "1ns"),
        (-90, "-1m30s"),
    ],
)
def test_writes_the_shortest_form(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("seconds", [math.inf, -math.inf, math.nan, 1e30])
def test_does_not_write_what_is_no_duration(seconds: float) -> None:
    with pytest.raises(ValueError, match="not a finite duration"):
        format_duration(seconds)


@FIXED
@given(st.integers(-(10**15), 10**15))
def test_what_is_written_reads_back_the_same(microseconds: int) -> None:
    seconds = microseconds / 10**6
    assert parse_duration(format_duration(seconds), allow_negative=True) == seconds


@FIXED
@given(st.text(alphabet="0123456789.hmsnuµ-+ d", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except InvalidDurationError:
        return
    assert seconds >= 0
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9)
