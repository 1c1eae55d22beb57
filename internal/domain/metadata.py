"""What is known of a version beside its keys, such as a commit's author: for people to read, never for commands.

It comes from outside, through a worker, and may hold anything: whoever takes it in makes it `tidy` first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: A version has at most so many entries, each of so many characters.
MAX_ENTRIES, MAX_LENGTH = 10, 300
#: An entry that pages show as a link.
URL = "url"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_WEB = re.compile(r"https?://[^\s\"'<>`\\]+", re.IGNORECASE)
# Control characters, those that turn the direction of text around, and halves of characters.
_UNSHOWN = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def tidy(found: Mapping[str, str]) -> dict[str, str]:
    """The entries that can be shown, each in one line, cut where it is long. A `url` is a web address or left out."""
    kept: dict[str, str] = {}
    for name, value in found.items():
        if not _NAME.fullmatch(name) or len(kept) == MAX_ENTRIES:
            continue
        text = _UNSHOWN.sub(" ", value[: 4 * MAX_LENGTH]).strip()
        if name == URL and (len(text) > MAX_LENGTH or not _WEB.fullmatch(text)):
            continue
        if text:
            kept[name] = text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
    return kept
