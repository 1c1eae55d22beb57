"""Patterns for the keys of objects in a store: which objects are versions, and where new ones go."""

from __future__ import annotations

from typing import Any

_REPEATS = frozenset({"*", "+", "?", "{"})
_SPECIAL = _REPEATS | frozenset(".^$()[]}|")
_LONGEST = 1024


class KeyPatternError(ValueError):
    """It is no pattern; the text is one sentence for people, `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class KeyPattern:
    """A regular expression for whole keys. The group `version`, or else the first, is the version.

    Raises KeyPatternError.
    """

    def __init__(self, text: str) -> None:
        import re2  # which takes linear time, whatever the pattern is

        options = re2.Options()
        options.log_errors = False
        try:
            self._pattern: Any = re2.compile(text, options)
        except re2.error:
            raise KeyPatternError(f'"{text}" is no regular expression') from None
        if len(text) > _LONGEST or not self._pattern.groups:
            raise KeyPatternError(
                f'"{text[:100]}" has no group', 'put the version in parentheses: "releases/app-(.*).tgz"'
            )
        self._group = self._pattern.groupindex.get("version", 1)
        self.prefix = _literal_start(text)

    def version_in(self, key: str) -> str | None:
        """The version in a key; None if the key does not match."""
        found = self._pattern.fullmatch(key)
        return None if found is None else found[self._group] or ""

    @property
    def directory(self) -> str:
        """What all keys have in front of their last part, as far as the pattern says: empty, or with a / behind."""
        return self.prefix[: self.prefix.rfind("/") + 1]


def checked_key(key: str) -> str:
    """`key`, if an object can have it and a file its last part. Raises KeyPatternError."""
    parts = key.split("/")
    if not parts[-1] or any(part in (".", "..") for part in parts) or "\0" in key or len(key.encode()) > _LONGEST:
        raise KeyPatternError(f'"{key[:100]}" is no key of a file', "write it as DIRECTORY/FILE, without . and ..")
    return key


def _literal_start(pattern: str) -> str:
    """What every text that matches begins with."""
    if "|" in pattern:
        return ""
    found: list[str] = []
    text = pattern.removeprefix("^")
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\" and at + 1 < len(text) and not text[at + 1].isalnum():
            letter, at = text[at + 1], at + 1
        elif letter in _SPECIAL or letter == "\\":
            break
        at += 1
        if at < len(text) and text[at] in _REPEATS:
            break
        found.append(letter)
    return "".join(found)
