"""`Retry-After` as HTTP has it (RFC 9110, 10.2.3): seconds, or a date."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 6


def parse_retry_after(text: str, now: Callable[[], float] = time.time) -> float:
    """How many seconds the other side asks to be left alone; 0 where it names none that can be read."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    seconds = until.timestamp() - now()
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
