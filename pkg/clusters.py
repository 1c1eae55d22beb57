"""Text as a reader counts it: a letter with its combining marks is one character.

This is close to Unicode's grapheme clusters, without tables of its own: combining marks, variation selectors, joiners
and skin tones stick to the character before; flags of two regional letters and Hangul in parts count in parts.
"""

import unicodedata

_ZERO_WIDTH_JOINER = "\u200d"


def _sticks(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in "\u200c\u200d"
        or ("\U0001f3fb" <= character <= "\U0001f3ff")
    )


def _joined(before: str, character: str) -> bool:
    return before.endswith(_ZERO_WIDTH_JOINER) and unicodedata.category(character) == "So"


def clusters(text: str) -> list[str]:
    """Split a text into the characters a reader sees."""
    if text.isascii():
        return list(text)
    found: list[str] = []
    for character in text:
        if found and (_sticks(character) or _joined(found[-1], character)):
            found[-1] += character
        else:
            found.append(character)
    return found


def width(text: str) -> int:
    """Count the characters a reader sees."""
    return len(text) if text.isascii() else len(clusters(text))
