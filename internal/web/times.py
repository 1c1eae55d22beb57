"""Points in time for pages: seconds since the epoch, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def absolute(then: float) -> str:
    """`2026-03-01 12:30:05 UTC`."""
    return f"{datetime.fromtimestamp(then, UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine(then: float) -> str:
    """The same for the `datetime` attribute of HTML."""
    return f"{datetime.fromtimestamp(then, UTC):%Y-%m-%dT%H:%M:%SZ}"
