"""Times and durations as people read them. All seconds; points in time since the epoch, in UTC."""

from __future__ import annotations

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def short_duration(seconds: float) -> str:
    """Seconds with the precision that matters: `40ms`, `0.3s`, `12s`, `3m 20s`, `2h 5m`; no less than `0ms`."""
    if seconds < 0.0995:
        return f"{max(round(seconds * 1000), 0)}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    left = round(seconds)
    parts: list[str] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts))


def relative_time(then: float, now: float) -> str:
    """How long ago `then` was, or how far ahead it is: `just now`, `12s ago`, `3m ago`, `in 2h`."""
    apart = abs(now - then)
    if apart < 1:
        return "just now"
    unit, size = next((unit, size) for unit, size in _UNITS if apart >= size)
    text = f"{int(apart // size)}{unit}"
    return f"{text} ago" if then < now else f"in {text}"
