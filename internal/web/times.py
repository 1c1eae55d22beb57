"""Times and durations as people read them. All seconds; points in time since the epoch, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """The two largest units: `40 ms`, `0.4 s`, `12 s`, `3 min 5 s`, `2 h`, `4 d 3 h`. No less than `0 ms`."""
    if seconds < 0.0995:
        return f"{max(round(seconds * 1000), 0)} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        parts.append(f"{count} {unit}" if count else "")
    first = next(place for place, part in enumerate(parts) if part)
    return " ".join(part for part in parts[first : first + 2] if part)


def relative(then: float, now: float) -> str:
    """How far away a time is: `just now`, `12 s ago`, `3 min ago`, `in 2 h`."""
    apart = abs(now - then)
    if apart < 1:
        return "just now"
    size, unit = next((size, unit) for size, unit in _UNITS if apart >= size)
    text = f"{int(apart // size)} {unit}"
    return f"{text} ago" if then < now else f"in {text}"


def absolute(then: float) -> str:
    """`2026-03-01 12:30:05 UTC`."""
    return f"{datetime.fromtimestamp(then, UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine(then: float) -> str:
    """The same for the `datetime` attribute of HTML."""
    return f"{datetime.fromtimestamp(then, UTC):%Y-%m-%dT%H:%M:%SZ}"
