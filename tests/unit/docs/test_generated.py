"""Generated pages are what the program says today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from pikoci.internal.api.problems import _STATUSES, PROBLEMS
from pikoci.internal.domain.build import TRANSITIONS
from tests.unit.docs.markdown import ROOT, blocks

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    pages: dict[Path, str] = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
    return pages


PAGES = [
    "docs/cli.md",
    "docs/pipeline-reference.md",
    "docs/examples.md",
    "docs/server.md",
    "docs/workers.md",
    "docs/api.md",
    "deploy/ansible/README.md",
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_generator_writes_it(name: str, generated: dict[Path, str]) -> None:
    page = ROOT / name
    assert page.read_text(encoding="utf-8") == generated[page], "run `make docs` and commit what changed"


def test_the_diagram_shows_every_move_of_a_build_and_no_other() -> None:
    [diagram] = blocks(DOCS / "architecture.md", "mermaid")
    drawn = re.findall(r"^ *(\w+) --> (\w+)", diagram.text, re.MULTILINE)
    allowed = {(str(before), str(after)) for before, many in TRANSITIONS.items() for after in many}
    assert sorted(drawn) == sorted(allowed)


def test_the_table_of_problems_is_complete() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", text, re.MULTILINE))
    known = {(kind.slug, str(status)) for kind, (_, status) in PROBLEMS.items()}
    known |= {(name, str(status)) for status, (name, _) in _STATUSES.items()} | {("internal", "500")}
    assert rows == known


def test_the_changelog_begins_with_what_is_not_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "[Unreleased]"
