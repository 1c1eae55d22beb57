"""When a resource is checked: `@every 10m`, `@hourly` and its like, or a five-field cron line.

Times are UTC, unless a line begins with `CRON_TZ=Area/City`. There a clock may skip a time, which is then due right
after, once, or repeat one, which is due the first time only: `30 2 * * *` is due once on every day. A line that begins
its hours with `*` means a distance rather than a time of the day, and goes on as if no clock had changed, as in cron.

A schedule keeps no state. The caller stores when a check is due, runs it once the clock is past that, and then
asks for the next time after *now*. Whatever was missed in between, because the server was away or the clock
jumped forward, is thereby one check, not many. For a clock that jumped back, see `still_due`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from pikoci.internal.domain.duration import InvalidDurationError, format_duration, parse_duration
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.suggestions import did_you_mean

SHORTEST_INTERVAL = 10.0
"""Seconds; nothing is checked more often."""

_LONGEST_INTERVAL = 366 * 24 * 3600.0
_MAX_LENGTH = 200
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
#: What a line with a time zone begins with; the second is what others write.
ZONE_STARTS = ("CRON_TZ=", "TZ=")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", re.ASCII)
_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_WAYS_OUT = "write @every 10m, @hourly, @daily, or five cron fields such as */15 8-18 * * MON-FRI"


class InvalidScheduleError(InvalidError):
    """A text is not a valid schedule."""


class Schedule(Protocol):
    """When something is due, again and again. Times are seconds since the epoch."""

    def next_after(self, now: float, key: str = "") -> float:
        """The first time later than `now` at which it is due.

        `key` names who asks, such as a resource's id: an `@every` of many resources is spread evenly over the
        interval, each at a phase of its own that stays the same across restarts.
        """


@dataclass(frozen=True, slots=True)
class Every:
    """Due at a fixed distance of `seconds`."""

    seconds: float

    def next_after(self, now: float, key: str = "") -> float:
        """See `Schedule.next_after`. The next turn is one interval away at most."""
        phase = _fraction(key) * self.seconds
        turn = phase + (math.floor((now - phase) / self.seconds) + 1) * self.seconds
        # Rounding can land on `now` itself, or on the turn before.
        return turn if turn > now else turn + self.seconds


@dataclass(frozen=True, slots=True)
class Cron:
    """Due at the minutes that a cron expression names in a time zone; the same for every key, as it was written."""

    expression: str
    zone: tzinfo = UTC

    def next_after(self, now: float, key: str = "") -> float:
        """See `Schedule.next_after`; infinity when no such minute is left."""
        try:
            local = datetime.fromtimestamp(now, self.zone)
            if self.zone is UTC or self.expression.split()[1].startswith("*"):
                return next(CronSim(self.expression, local)).timestamp()
            times = (instant_of(time, self.zone) for time in CronSim(self.expression, local.replace(tzinfo=None)))
            return next(time for time in times if time > now)  # of an hour that comes again, none is due again
        except (StopIteration, OverflowError, ValueError):  # none in the next fifty years, or past the year 9999
            return math.inf


def instant_of(local: datetime, zone: tzinfo) -> float:
    """When clocks in `zone` show `local` for the first time; if they skip it, when they are put forward."""
    first, second = (local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if second >= first:
        return first
    # It is skipped: the offset changes between the two, at a whole second.
    before, after = math.floor(second), math.ceil(first)
    offset = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return float(after)


def parse_schedule(text: str) -> Every | Cron:
    """The schedule that a `check_interval` stands for.

    Raises InvalidScheduleError, which shows the text, what is wrong in it, and ways to write it.
    """
    text = text.strip()
    zone: tzinfo = UTC
    if text.startswith(ZONE_STARTS):
        first, _, text = text.partition(" ")
        zone, text = parse_zone(first.partition("=")[2]), text.strip()
    if len(text) > _MAX_LENGTH:
        raise InvalidScheduleError(f'the schedule "{text[:20]}..." is too long', hint=_WAYS_OUT)
    if text.startswith("@every"):
        return _parse_every(text)
    if text.startswith("@"):
        if text not in _NAMED:
            known = ", ".join(_NAMED)
            raise InvalidScheduleError(
                f'"{text}" is not a known schedule', hint=f"known are @every <duration>, {known}"
            )
        return Cron(_NAMED[text], zone)
    return _parse_cron(text, zone)


def parse_zone(name: str) -> tzinfo:
    """The time zone of that name, such as Europe/Berlin. Raises InvalidScheduleError."""
    try:
        return ZoneInfo(name) if _ZONE.fullmatch(name) else _no_zone(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return _no_zone(name)


def still_due(due: float, now: float, schedule: Schedule, key: str = "") -> float:
    """The stored due time, or an earlier one where it can only come from a clock that was ahead.

    After the clock jumped back, a stored time may lie far beyond the next turn; waiting for it would stop the
    checks for as long as the clock was wrong. No check becomes due more than once by this.
    """
    return min(due, schedule.next_after(now, key))


def _no_zone(name: str) -> tzinfo:
    known = available_timezones()
    missing = "" if known else "this machine knows no time zones: install its package tzdata"
    hint = missing or did_you_mean(name, _alike(name, known)) or "write a name such as Europe/Berlin"
    raise InvalidScheduleError(f'"{name[:40]}" is not a time zone', hint=hint)


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """Those that begin like `name`, in order; comparing it with all would take long."""
    return sorted(one for one in known if one[:3].lower() == name[:3].lower())


def _parse_every(text: str) -> Every:
    words = text.split()
    if words[0] != "@every" or len(words) != 2:
        raise InvalidScheduleError(f'"{text}" is not a schedule', hint="write one duration after @every: @every 10m")
    try:
        seconds = parse_duration(words[1])
    except InvalidDurationError as error:
        raise InvalidScheduleError(f'in the schedule "{text}", {error.message}', hint=error.hint) from error
    if not SHORTEST_INTERVAL <= seconds <= _LONGEST_INTERVAL:
        bounds = f"from {format_duration(SHORTEST_INTERVAL)} to {format_duration(_LONGEST_INTERVAL)}"
        raise InvalidScheduleError(
            f'in the schedule "{text}", the interval is too {"short" if seconds < SHORTEST_INTERVAL else "long"}',
            hint=f"write a duration {bounds}, such as @every 1m",
        )
    return Every(seconds)


def _parse_cron(text: str, zone: tzinfo) -> Cron:
    fields = text.split()
    if len(fields) != len(_FIELDS):
        hint = "put @every in front of it" if len(fields) == 1 and _is_duration(text) else _WAYS_OUT
        raise InvalidScheduleError(
            f'"{text}" is not a schedule: a cron expression has {len(_FIELDS)} fields, this has {len(fields)}',
            hint=hint,
        )
    for place, (name, field) in enumerate(zip(_FIELDS, fields, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[place] = field
        if not _is_cron(" ".join(alone)):
            raise InvalidScheduleError(
                f'in the schedule "{text}", field {place + 1} ({name}) is wrong: "{field}"', hint=_WAYS_OUT
            )
    cron = Cron(" ".join(fields), zone)
    if not _is_cron(cron.expression) or cron.next_after(0.0) == math.inf:
        raise InvalidScheduleError(
            f'the schedule "{text}" is never due: no month has such a day', hint="write a day that the month has"
        )
    return cron


def _is_cron(expression: str) -> bool:
    try:
        CronSim(expression, datetime.fromtimestamp(0, UTC))
    except CronSimError:
        return False
    return True


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except InvalidDurationError:
        return False
    return True


def _fraction(key: str) -> float:
    """A number from 0 up to 1 that is always the same for a key, and spread evenly over keys."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53
