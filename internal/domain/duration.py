"""Durations as Go writes them: `10m`, `1h30m`, `1.5s`, `500ms`, `0`. Everywhere else a duration is seconds."""

from __future__ import annotations

import re
from decimal import Decimal

from pikoci.internal.domain.errors import InvalidError

_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),  # the micro sign, U+00B5
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST = Decimal(2**63 - 1) / 10**9  # what Go can hold, about 292 years
_MAX_LENGTH = 100


class InvalidDurationError(InvalidError):
    """A text is not a valid duration, or not one that is allowed here."""


def parse_duration(text: str, *, allow_negative: bool = False) -> float:
    """The seconds that a Go duration stands for.

    The grammar is that of Go's `time.ParseDuration`: numbers with a unit each (ns, us, ms, s, m, h), in any
    order, with an optional sign in front; `0` needs no unit.

    Raises InvalidDurationError, which shows the text and a way to write it.
    """
    if len(text) > _MAX_LENGTH:
        raise InvalidDurationError(
            f'the duration "{text[:20]}..." is too long', hint=f"at most {_MAX_LENGTH} characters, such as 1h30m"
        )
    body = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    seconds = Decimal(0) if body == "0" else _sum_terms(text, body)
    if text.startswith("-") and seconds:
        if not allow_negative:
            raise InvalidDurationError(
                f'the duration "{text}" is negative', hint=f"a duration here is 0 or more, such as {body}"
            )
        seconds = -seconds
    return float(seconds)


def format_duration(seconds: float) -> str:
    """The shortest Go duration for these seconds, to the nanosecond; parsing it gives the same seconds.

    Raises ValueError for infinity and NaN.
    """
    nanoseconds = int((Decimal(str(seconds)) * 10**9).to_integral_value()) if abs(seconds) < float(_LONGEST) else None
    if nanoseconds is None:
        raise ValueError(f"{seconds} seconds is not a finite duration of less than 292 years")
    sign, rest = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if rest == 0:
        return "0s"
    if rest < 10**9:
        unit, size = next((u, s) for u, s in (("ms", 10**6), ("us", 10**3), ("ns", 1)) if rest >= s)
        return f"{sign}{_plain(Decimal(rest) / size)}{unit}"
    hours, rest = divmod(rest, 3600 * 10**9)
    minutes, rest = divmod(rest, 60 * 10**9)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    return sign + "".join(parts) + (f"{_plain(Decimal(rest) / 10**9)}s" if rest else "")


def _sum_terms(text: str, body: str) -> Decimal:
    total, position = Decimal(0), 0
    while match := _TERM.match(body, position):
        total += Decimal(match[1]) * _SECONDS[match[2]]
        position = match.end()
    if position == 0 or position < len(body):
        raise InvalidDurationError(f'"{text}" is not a duration', hint=_hint(body, position))
    if total > _LONGEST:
        raise InvalidDurationError(f'the duration "{text}" is too long', hint="at most about 292 years, 2562047h")
    return total


def _hint(body: str, position: int) -> str:
    rest = body[position:]
    if re.fullmatch(r"[0-9.]+", rest):
        return f'"{rest}" has no unit: write {rest}s, {rest}m or {rest}h'
    if position == 0 and (match := re.fullmatch(r"(\d+) *(d|days?|w|weeks?)", body, re.IGNORECASE | re.ASCII)):
        hours = int(match[1]) * (168 if match[2][0] in "wW" else 24)
        return f"days and weeks have no unit: write {hours}h"
    return "write numbers with units (ns, us, ms, s, m, h), such as 30s, 10m or 1h30m"


def _plain(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if number % 1 else f"{number:.0f}"
