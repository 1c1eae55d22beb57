"""What of a file or of standard input is the value of a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from pikoci.client.commands.secrets import _value
from pikoci.internal.domain.errors import InvalidError

KEY = "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hunter22", "hunter22"),
        ("hunter22\n", "hunter22"),
        ("hunter22\r\n", "hunter22"),
        (" hunter22 \n", " hunter22 "),
        (KEY, KEY),
        ("a\n\n", "a\n\n"),
        ("it's $5\t\\n", "it's $5\t\\n"),
    ],
)
def test_the_end_of_a_single_line_is_no_part_of_it(tmp_path: Path, text: str, value: str) -> None:
    file = tmp_path / "value"
    file.write_text(text, encoding="utf-8", newline="")
    assert _value(str(file)) == value


@pytest.mark.parametrize("text", ["", "\n", "\r\n"])
def test_an_empty_one_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "value"
    file.write_text(text, newline="")
    with pytest.raises(InvalidError, match="there is no value"):
        _value(str(file))
