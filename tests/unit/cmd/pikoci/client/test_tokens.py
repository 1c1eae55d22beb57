"""How long an API token shall last, as people write it."""

from __future__ import annotations

import click
import pytest

from pikoci.client.commands.tokens import Expiry


@pytest.mark.parametrize(
    ("text", "value"), [("30d", 30 * 86400), ("1d", 86400), ("12h", 43200), ("90m", 5400), ("never", "never")]
)
def test_days_durations_and_never_are_taken(text: str, value: int | str) -> None:
    assert Expiry().convert(text, None, None) == value


@pytest.mark.parametrize("text", ["0", "0d", "30", "d", "-1d", "1.5d", "999999d", "NEVER", "", "1w", "٣d"])
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(click.UsageError):
        Expiry().convert(text, None, None)
