"""Schedules in time zones whose clocks change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pikoci.internal.domain.schedule import Cron, InvalidScheduleError, instant_of, parse_schedule

FIXED = settings(derandomize=True, deadline=None, max_examples=60, database=None)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca")


def due(text: str, start: str, days: int = 2) -> list[str]:
    """When a schedule is due from midnight of a day on, in UTC."""
    schedule, now = parse_schedule(text), datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp() - 1
    end, times = now + days * 86400, []
    while (now := schedule.next_after(now)) < end:
        times.append(datetime.fromtimestamp(now, UTC).strftime("%d %H:%M"))
    return times


@pytest.mark.parametrize(
    ("text", "start", "times"),
    [
        ("CRON_TZ=Europe/Berlin 0 9 * * *", "2026-01-05", ["05 08:00", "06 08:00"]),
        ("TZ=Europe/Berlin 0 9 * * *", "2026-07-06", ["06 07:00", "07 07:00"]),
        ("CRON_TZ=Asia/Kolkata @daily", "2026-01-05", ["05 18:30", "06 18:30"]),
        # On 29 March 2026, 2:00 is followed by 3:00, which is 1:00 in UTC.
        ("CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28", ["28 01:30", "29 01:00"]),
        ("CRON_TZ=Europe/Berlin 0 3 * * *", "2026-03-28", ["28 02:00", "29 01:00"]),
        ("CRON_TZ=Europe/Berlin */20 2 * * *", "2026-03-29", ["29 01:00", "30 00:00", "30 00:20", "30 00:40"]),
        ("CRON_TZ=Europe/Berlin 30 1-3 29 3 *", "2026-03-29", ["29 00:30", "29 01:00", "29 01:30"]),
        # On 25 October 2026, 2:00 to 3:00 come twice: at 0:00 and at 1:00 in UTC.
        ("CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-25", ["25 00:30", "26 01:30"]),
        ("CRON_TZ=Europe/Berlin */20 2 25 10 *", "2026-10-25", ["25 00:00", "25 00:20", "25 00:40"]),
        ("CRON_TZ=Europe/Berlin 0 2,3 25 10 *", "2026-10-25", ["25 00:00", "25 02:00"]),
        # Lord Howe's clocks change by half an hour; Samoa had no 30 December 2011.
        ("CRON_TZ=Australia/Lord_Howe 15 2 * * *", "2026-10-03", ["03 15:30", "04 15:15"]),
        ("CRON_TZ=Pacific/Apia 0 12 30 12 *", "2011-12-30", ["30 10:00"]),
    ],
)
def test_a_time_that_is_skipped_or_repeated_comes_once(text: str, start: str, times: list[str]) -> None:
    assert due(text, start) == times


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_hours_that_begin_with_a_star_go_on_through_a_change(day: str) -> None:
    assert due("CRON_TZ=Europe/Berlin 30 * * * *", day, 1) == due("30 * * * *", day, 1)
    assert len(due("CRON_TZ=Europe/Berlin */15 * * * *", day, 1)) == 96


@FIXED
@given(
    st.sampled_from(ZONES),
    st.integers(0, 59),
    st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True),
    st.integers(2000, 2030),
)
def test_over_a_year_each_day_has_each_time_once(zone: str, minute: int, hours: list[int], year: int) -> None:
    schedule = Cron(f"{minute} {','.join(map(str, hours))} * * *", ZoneInfo(zone))
    first, end = (datetime(at, 1, 1, tzinfo=ZoneInfo(zone)).timestamp() for at in (year, year + 1))
    wished = {
        instant_of(datetime(year, 1, 1, hour, minute) + timedelta(days=day), ZoneInfo(zone))  # noqa: DTZ001
        for day in range(366)
        for hour in hours
    }
    found, now = [], first - 1
    while (now := schedule.next_after(now)) < end:
        found.append(now)
    assert found == sorted(time for time in wished if first <= time < end)
    days = Counter(datetime.fromtimestamp(time, ZoneInfo(zone)).date() for time in found)
    assert max(days.values()) <= len(hours)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CRON_TZ=Europe/Berlln 0 9 * * *", '"Europe/Berlln" is not a time zone: did you mean "Europe/Berlin"?'),
        ("CRON_TZ=nowhere 0 9 * * *", '"nowhere" is not a time zone: write a name'),
        ("CRON_TZ= 0 9 * * *", '"" is not a time zone'),
        ("CRON_TZ=../../etc/passwd 0 9 * * *", "is not a time zone"),
        ("CRON_TZ=/etc/localtime 0 9 * * *", "is not a time zone"),
        ("CRON_TZ=Europe 0 9 * * *", '"Europe" is not a time zone'),
        ("CRON_TZ=Europe/Berlin", '"" is not a schedule'),
        ("CRON_TZ=Europe/Berlin 0 9 * *", "a cron expression has 5 fields, this has 4"),
        ("CRON_TZ=Europe/Berlin 0 0 30 2 *", "is never due"),
    ],
)
def test_what_is_no_zone_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        parse_schedule(text)
    assert words in f"{caught.value.message}: {caught.value.hint}"


def test_in_an_hour_that_comes_again_nothing_is_due_again() -> None:
    again = datetime(2026, 10, 25, 1, 10, tzinfo=UTC).timestamp()  # 2:10 in Berlin, for the second time
    schedule = parse_schedule("CRON_TZ=Europe/Berlin 30 2 * * *")
    assert schedule.next_after(again) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC).timestamp()
