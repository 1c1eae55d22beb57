"""Time functions: RFC 3339 timestamps, Go durations."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pikoci.pkg.hcl.values import UnfitValueError, Value, to_string

Clock = Callable[[], datetime]
"""Returns the time now, with its zone."""

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_MICROSECONDS = {"ns": 0.001, "us": 1, "µs": 1, "μs": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}
_TOKEN = re.compile(r"'(?:[^']|'')*'?|(Y+|M+|D+|E+|h+|H+|A+|a+|m+|s+|Z+|([B-GI-LN-XA-Za-z])\2*)|[^A-Za-z']+")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def timestamp_of(clock: Clock) -> Callable[[], Value]:
    """Return the function timestamp, reading a clock."""

    def timestamp() -> Value:
        """timestamp(): return the time when the pipeline is set, in UTC, such as `"2025-03-01T12:00:00Z"`."""
        return _text(clock().astimezone(UTC))

    return timestamp


def timeadd(moment: Value, duration: Value) -> Value:
    """timeadd(timestamp, duration): add a duration such as "1h30m" or "-10s".

    `timeadd("2025-03-01T12:00:00Z", "90m")` is `"2025-03-01T13:30:00Z"`.
    """
    try:
        return _text(_moment(to_string(moment)) + _duration(to_string(duration)))
    except OverflowError as cause:
        raise UnfitValueError("the result is outside the years 1 to 9999") from cause


def formatdate(spec: Value, moment: Value) -> Value:
    """formatdate(spec, timestamp): write a timestamp with YYYY MM DD hh mm ss and the like; quote text with '.

    `formatdate("DD MMM YYYY", "2025-03-01T12:00:00Z")` is `"01 Mar 2025"`.
    """
    pattern, when = to_string(spec), _moment(to_string(moment))
    return "".join(_part(found, when) for found in _TOKEN.finditer(pattern))


def _moment(text: str) -> datetime:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise UnfitValueError(f'"{text[:40]}" is no RFC 3339 timestamp such as 2025-03-01T12:00:00Z')
    try:
        return datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError as cause:
        raise UnfitValueError(f'"{text}" is no point in time: {cause}') from cause


def _text(when: datetime) -> str:
    zone = "Z" if not when.utcoffset() else _zone(when, ":")
    return f"{when.year:04}{when:-%m-%dT%H:%M:%S}{zone}"


def _zone(when: datetime, separator: str) -> str:
    zone = when.strftime("%z")[:5] or "+0000"
    return zone[:3] + separator + zone[3:]


def _duration(text: str) -> timedelta:
    body = text[1:] if text[:1] in ("-", "+") else text
    if body == "0":
        return timedelta()
    parts = list(_DURATION.finditer(body))
    if not parts or sum(len(part[0]) for part in parts) < len(body) or len(body) > 100:
        raise UnfitValueError(f'"{text[:40]}" is no duration such as 90m or 1h30m')
    total = timedelta(microseconds=sum(float(part[1]) * _MICROSECONDS[part[2]] for part in parts))
    return -total if text.startswith("-") else total


def _part(found: re.Match[str], when: datetime) -> str:
    text = found[0]
    if text[0] == "'":
        if text != "''" and (len(text) == 1 or not text.endswith("'")):
            raise UnfitValueError("a quoted part of the format has no closing '")
        return "'" if text == "''" else text[1:-1].replace("''", "'")
    if found[1] is None:
        return text
    made = _verbs(when).get(text)
    if made is None:
        raise UnfitValueError(f'there is no date verb "{text}"; put text between single quotes')
    return made


def _verbs(when: datetime) -> dict[str, str]:
    half = "AM" if when.hour < 12 else "PM"
    hour = when.hour % 12 or 12
    month, day = _MONTHS[when.month - 1], _DAYS[when.weekday()]
    offset = _zone(when, "")
    return {
        "YY": f"{when.year % 100:02}",
        "YYYY": f"{when.year:04}",
        "M": str(when.month),
        "MM": f"{when.month:02}",
        "MMM": month[:3],
        "MMMM": month,
        "D": str(when.day),
        "DD": f"{when.day:02}",
        "EEE": day[:3],
        "EEEE": day,
        "h": str(when.hour),
        "hh": f"{when.hour:02}",
        "H": str(hour),
        "HH": f"{hour:02}",
        "AA": half,
        "aa": half.lower(),
        "m": str(when.minute),
        "mm": f"{when.minute:02}",
        "s": str(when.second),
        "ss": f"{when.second:02}",
        "Z": "Z" if offset == "+0000" else _zone(when, ":"),
        "ZZZ": "UTC" if offset == "+0000" else offset,
        "ZZZZ": offset,
        "ZZZZZ": _zone(when, ":"),
    }
