"""Reading the documentation: its pages, fenced blocks and links.

A comment in the line above a block says what a test does with it:

- `<!-- fragment -->`: HCL that is a part of a pipeline; what it refers to is declared around it.
- `<!-- steps -->`: HCL that stands inside a job.
- `<!-- refused: text -->`: HCL that is refused with this text, or a command that fails with the output shown.
- `<!-- file: name -->`: written to this file before later commands run.
- `<!-- config -->`: settings for `pikoci server`; `<!-- config: worker -->` for `pikoci worker`.
- `<!-- inventory -->`, `<!-- play -->`: variables or groups, and a playbook, for the Ansible collection.
- `<!-- server -->`: a server that runs until the next one, or the page's end.
- `<!-- retry -->`: commands that are repeated until the output is as shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.joinpath("docs").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!-- (?P<name>[a-z]+)(?:: (?P<value>.*?))? -->$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block, its language, and the comments above it."""

    page: Path
    line: int
    language: str
    text: str
    marks: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page that have one of these languages; all without any."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        if not languages or match["language"] in languages:
            line = text.count("\n", 0, match.start()) + 1
            marks = dict(_marks(text[: match.start()].splitlines()))
            found.append(Block(page, line, match["language"], match["text"], marks))
    return found


def all_blocks(*languages: str) -> list[Block]:
    """The fenced blocks of every page."""
    return [block for page in PAGES for block in blocks(page, *languages)]


def links(page: Path) -> list[str]:
    """The addresses of a page's links, code left out."""
    return _LINK.findall(_without_code(page))


def anchors(page: Path) -> set[str]:
    """What the headings of a page can be reached by."""
    headings = (
        re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(_without_code(page, spans=False))
    )
    return {heading.strip().replace(" ", "-") for heading in headings}


def _without_code(page: Path, *, spans: bool = True) -> str:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.sub(r"`[^`\n]*`", "", text) if spans else text


def _marks(before: list[str]) -> Iterator[tuple[str, str]]:
    for line in reversed(before):
        match = _COMMENT.match(line.strip())
        if match is None:
            return
        yield match["name"], match["value"] or ""
