"""The `paths` of a git resource, matched without git: exactly where that is simple, and not at all elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import translate

_WILD = re.compile(r"[*?]")
#: Character classes and escapes mean something a little different to git; so may names that it normalizes.
_UNSURE = re.compile(r"[\[\]\\\x00]|^[/:]|(?:^|/)\.{1,2}(?:/|$)|//|[*?].*/$|[^/]\*\*|\*\*[^/]")


class UnsureError(Exception):
    """A glob that only git can match."""


class Globs:
    """Globs as git takes them: `**/` is any number of directories; in a glob without `**`, `*` crosses them.

    Raises UnsureError for a glob that is not simple.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = [_Glob(glob) for glob in globs]

    def may_match(self, file: str) -> bool:
        """Whether one of them stands for the file, or could, as one of the directories that it is in."""
        names = list(_names(file))
        return any(glob.matches(name) for glob in self._globs for name in names)

    def surely_match(self, file: str) -> bool:
        """Whether one of them stands for the file itself, or names a directory that it is in."""
        names = list(_names(file))
        return any(glob.matches(name) for glob in self._globs for name in (names[-1:] if glob.is_wild else names))


class _Glob:
    def __init__(self, glob: str) -> None:
        if _UNSURE.search(glob):
            raise UnsureError(glob)
        glob = glob.removesuffix("/")
        self.is_wild = _WILD.search(glob) is not None
        parts = glob.split("/") if "**" in glob else [glob]
        # What `translate` makes never goes back over an earlier `*`, so that no name takes long.
        self._parts = [None if part == "**" else re.compile(translate(part)) for part in parts]
        self._is_split = "**" in glob
        self._is_all = not glob

    def matches(self, name: str) -> bool:
        if self._is_all:
            return True
        return _walk(self._parts, name.split("/") if self._is_split else [name])


def _walk(pattern: Sequence[re.Pattern[str] | None], parts: Sequence[str]) -> bool:
    """Whether the parts of a path fit the pattern's, of which a None fits any number of directories.

    At its end that is one part at least, of any kind.
    """
    reached = {0}  # how many parts may be used up before the next part of the pattern
    for place, wanted in enumerate(pattern):
        if wanted is None:
            least = min(reached, default=len(parts) + 1) + (place == len(pattern) - 1)
            reached = set(range(least, len(parts) + 1))
        else:
            reached = {used + 1 for used in reached if used < len(parts) and wanted.match(parts[used])}
    return len(parts) in reached


def _names(file: str) -> Iterator[str]:
    """The directories that a file is in, and the file."""
    parts = file.split("/")
    return ("/".join(parts[: count + 1]) for count in range(len(parts)))
