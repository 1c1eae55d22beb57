from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pikoci.internal.domain.schedule import Cron, Every, InvalidScheduleError, parse_schedule, still_due

FIXED = settings(derandomize=True, deadline=None, max_examples=100, database=None)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC).timestamp()  # a Tuesday
DAY = 86400.0


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("@hourly", "2026-03-10T13:00"),
        ("@daily", "2026-03-11T00:00"),
        ("@midnight", "2026-03-11T00:00"),
        ("@weekly", "2026-03-15T00:00"),
        ("@monthly", "2026-04-01T00:00"),
        ("@yearly", "2027-01-01T00:00"),
        ("@annually", "2027-01-01T00:00"),
        ("*/15 * * * *", "2026-03-10T12:15"),
        ("0 12 * * *", "2026-03-11T12:00"),
        ("30 8-18 * * MON-FRI", "2026-03-10T12:30"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("0 0 13 * 5", "2026-03-13T00:00"),
        ("5,10 4 * jan,feb 7", "2027-01-03T04:05"),
        ("  0   9\t* * 1 ", "2026-03-16T09:00"),
    ],
)
def test_a_named_minute_is_due_next(text: str, due: str) -> None:
    assert parse_schedule(text).next_after(NOON) == _at(due)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", '"" is not a schedule: a cron expression has 5 fields, this has 0'),
        ("10m", "this has 1: put @every in front of it"),
        ("* * * *", '"* * * *" is not a schedule: a cron expression has 5 fields, this has 4'),
        ("0 * * * * *", "this has 6: write @every 10m, @hourly, @daily, or five cron fields"),
        ("61 * * * *", 'in the schedule "61 * * * *", field 1 (minute) is wrong: "61"'),
        ("0 24 * * *", 'field 2 (hour) is wrong: "24"'),
        ("0 0 0 * *", 'field 3 (day-of-month) is wrong: "0"'),
        ("0 0 * 13 *", 'field 4 (month) is wrong: "13"'),
        ("0 0 * * FOO", 'field 5 (day-of-week) is wrong: "FOO"'),
        ("*/0 * * * *", 'field 1 (minute) is wrong: "*/0"'),
        ("5-1 * * * *", 'field 1 (minute) is wrong: "5-1"'),
        ("0 0 30 2 *", 'the schedule "0 0 30 2 *" is never due: no month has such a day'),
        ("@fortnightly", '"@fortnightly" is not a known schedule: known are @every <duration>, @hourly, @daily'),
        ("@reboot", '"@reboot" is not a known schedule'),
        ("@every", '"@every" is not a schedule: write one duration after @every: @every 10m'),
        ("@every10m", '"@every10m" is not a schedule: write one duration after @every'),
        ("@every 1h 30m", "write one duration after @every"),
        ("@every 10", 'in the schedule "@every 10", "10" is not a duration: "10" has no unit: write 10s'),
        ("@every -10m", 'in the schedule "@every -10m", the duration "-10m" is negative'),
        ("@every 9.9s", 'in the schedule "@every 9.9s", the interval is too short: write a duration from 10s to 8784h'),
        ("@every 0", "the interval is too short"),
        ("@every 9000h", "the interval is too long"),
        ("x" * 500, 'the schedule "xxxxxxxxxxxxxxxxxxxx..." is too long'),
    ],
)
def test_refuses_with_the_text_the_place_and_a_way_out(text: str, words: str) -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        parse_schedule(text)
    assert words in f"{caught.value.message}: {caught.value.hint}"
    assert caught.value.hint


@FIXED
@given(st.text(alphabet="0123456789*/,-#LW@ JANMONevry\n²", max_size=20))
@example("0 0 L-1 * *")
@example("0 0 * * ²L")
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except InvalidScheduleError:
        return
    assert schedule.next_after(NOON) > NOON


def test_ten_seconds_is_the_shortest_interval() -> None:
    assert parse_schedule("@every 10s") == Every(10.0)


@FIXED
@given(st.floats(0, 4e9), st.floats(10, 366 * DAY), st.text(max_size=8))
def test_every_is_due_within_one_interval_and_then_once_each(now: float, seconds: float, key: str) -> None:
    schedule = Every(seconds)
    first = schedule.next_after(now, key)
    second = schedule.next_after(first, key)

    assert now < first <= now + seconds + 1e-3
    assert second - first == pytest.approx(seconds, abs=1e-3)


def test_a_key_keeps_its_phase_across_restarts_and_late_checks() -> None:
    schedule = Every(600.0)
    due = schedule.next_after(NOON, "42")
    assert schedule.next_after(due + 5.0, "42") == due + 600.0
    assert schedule.next_after(due + 599.0, "42") == due + 600.0


def test_ten_thousand_resources_are_spread_over_the_interval() -> None:
    schedule, seconds = Every(100.0), [0] * 100
    for key in range(10_000):
        seconds[int(schedule.next_after(NOON, str(key)) - NOON) % 100] += 1
    assert max(seconds) < 150
    assert min(seconds) > 60


def test_named_minutes_are_not_spread() -> None:
    assert {parse_schedule("@hourly").next_after(NOON, str(key)) for key in range(50)} == {NOON + 3600.0}


@pytest.mark.parametrize(
    "night",
    ["2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01"],
    ids=["us-spring", "eu-spring", "eu-autumn", "us-autumn"],
)
def test_a_night_of_a_clock_change_has_each_hour_once(night: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")  # the machine's zone must not matter
    schedule, due, times = parse_schedule("30 * * * *"), _at(night), []
    while (due := schedule.next_after(due)) < _at(night) + DAY:
        times.append(datetime.fromtimestamp(due, UTC).hour)
    assert times == list(range(24))
    assert parse_schedule("30 2 * * *").next_after(_at(night)) == _at(night) + 2.5 * 3600


@pytest.mark.parametrize("text", ["@every 10s", "@hourly", "*/5 * * * *"])
def test_a_long_absence_leaves_one_check_due(text: str) -> None:
    schedule, checks = parse_schedule(text), 0
    due, now = schedule.next_after(NOON, "7"), NOON + 30 * DAY
    while due <= now:
        checks += 1
        due = schedule.next_after(now, "7")
    assert checks == 1


@pytest.mark.parametrize("text", ["@every 10m", "@hourly"])
def test_a_clock_that_jumped_back_stops_no_checks(text: str) -> None:
    schedule = parse_schedule(text)
    due_by_wrong_clock = schedule.next_after(NOON + 365 * DAY, "7")

    due = still_due(due_by_wrong_clock, NOON, schedule, "7")

    assert NOON < due <= NOON + 3600.0
    assert still_due(due, NOON, schedule, "7") == due


def test_a_due_time_that_is_right_or_overdue_stays() -> None:
    schedule = Every(600.0)
    due = schedule.next_after(NOON, "7")
    assert still_due(due, NOON, schedule, "7") == due
    assert still_due(NOON - 5.0, NOON, schedule, "7") == NOON - 5.0


def test_a_schedule_that_ends_is_never_due_again() -> None:
    end = datetime(9999, 12, 31, 23, 59, 30, tzinfo=UTC).timestamp()
    assert Cron("0 0 1 1 *").next_after(end) == math.inf
