"""Regular expressions that every promised Python reads alike.

Python 3.11.2, Debian 12's, lets some possessive repeats and atomic groups match too much, which 3.11.7 does not. So
there are none anywhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("cmd", "internal", "pkg", "deploy", "docs", "tests")
#: In what is left of a pattern without escapes and character classes: a repeat with a plus behind, an atomic group.
REFUSED = re.compile(r"\(\?>|(?:[*+?]|\{[0-9]*,?[0-9]*\})\+")
HINTED = re.compile(r"[*+?}]\+|\(\?>")
NOISE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
#: Texts that are no patterns, though they look like it.
INNOCENT = re.compile(r"^[^\\(|^$]*\+\+[^\\(|^$]*$")


def refused(text: str) -> bool:
    return bool(REFUSED.search(NOISE.sub("x", text))) and not INNOCENT.match(text)


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string of a module, an f-string with an x for each part that is filled in."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def sources(*endings: str) -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in endings]
    return sorted(path for path in found if path != Path(__file__) and "__pycache__" not in path.parts)


@pytest.mark.parametrize(
    "pattern", ["a++", "a*+b", "(?:x|y)?+", "[a-z]{2,}+", r"\d{1,3}+", "(?>a|b)", r"[]]*+", r"\[++"]
)
def test_patterns_that_are_refused(pattern: str) -> None:
    assert refused(f"({pattern})")


@pytest.mark.parametrize(
    "pattern", [r"a+\+", r"[*+]+", r"\*+", r"\++", "a+b", "[^+]*", r"[\]*]+", "x{2}", "(?=a)+", "C++"]
)
def test_patterns_that_are_not(pattern: str) -> None:
    assert not refused(pattern)


def test_no_program_has_possessive_repeats_or_atomic_groups() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {text[:60]!r}"
        for path in sources(".py")
        if HINTED.search(written := path.read_text(encoding="utf-8"))  # parsing all files takes seconds
        for text in texts(ast.parse(written))
        if refused(text)
    ]

    assert wrong == [], "Python 3.11.2 matches too much with these: repeat a class, or bound the repeat, instead"


def test_no_playbook_or_setting_has_them() -> None:
    quoted = re.compile(r"""'([^'\n]*)'|"([^"\n]*)\"""")
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in [ROOT / "pyproject.toml", *sources(".yml", ".j2")]
        for found in quoted.finditer(path.read_text(encoding="utf-8"))
        if refused(found[1] or found[2] or "")
    ]

    assert wrong == [], "Python 3.11.2 matches too much with these: repeat a class, or bound the repeat, instead"
