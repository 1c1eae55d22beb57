"""Times and durations as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def short_duration(seconds: float) -> str:
    """Seconds with the precision that matters: `0.3s`, `12s`, `3m 20s`, `2h 5m`, `4d 3h`."""
    seconds = max(0.0, seconds)
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
    """How long ago `then` was, or how far ahead it is; both are seconds since the epoch."""
    apart = abs(now - then)
    if apart < 1:
        return "now"
    unit, size = next((unit, size) for unit, size in _UNITS if apart >= size)
    text = f"{int(apart // size)}{unit}"
    return f"{text} ago" if then < now else f"in {text}"


def parse_time(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time. Raises ValueError."""
    then = datetime.fromisoformat(text)
    return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
