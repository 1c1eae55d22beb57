"""Globs without git; beside git itself they are in `tests/integration/internal/domain`."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.webhooks.globs import Globs, UnsureError

FILES = [
    "a.md",
    "docs/a.md",
    "docs/deep/b.md",
    "src/a.py",
    "src/deep/b.py",
    "src/deep/er/c.py",
    "srcs/d.py",
    "Makefile",
    "x/src/e.py",
    "x/docs/f",
    "é/ö.py",
]


@pytest.mark.parametrize(
    ("glob", "may", "surely"),
    [
        ("src", 3, 3),
        ("src/*.py", 3, 3),
        ("src/**", 3, 3),
        ("**/src/**", 4, 4),
        ("*.md", 3, 3),
        ("**/*.py", 6, 6),
        ("**/deep", 3, 0),
        ("nothing", 0, 0),
        ("", 11, 11),
    ],
)
def test_what_is_simple_is_matched_exactly(glob: str, may: int, surely: int) -> None:
    globs = Globs([glob])
    assert sum(globs.may_match(file) for file in FILES) == may
    assert sum(globs.surely_match(file) for file in FILES) == surely


@pytest.mark.parametrize(
    "glob",
    ["[ab]", "a\\*", "/src", ":(icase)x", "./src", "../x", "a/./b", "a//b", "..", "a\0", "*/", "**/src/", "d**", "***"],
)
def test_what_is_not_simple_is_left_to_git(glob: str) -> None:
    with pytest.raises(UnsureError):
        Globs(["src", glob])


def test_hostile_names_take_no_longer_than_their_length() -> None:
    assert not Globs(["*a*a*a*a*a*a*a*a*b", "**/*a*a*a*a*a*a*b/**/c"]).may_match("a" * 400)
