"""The commands that `docs/fleet.md` tells an operator to run."""

from __future__ import annotations

from tests.unit.docs.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "fleet.md"


def recipe(heading: str) -> list[str]:
    """The blocks of commands below a heading, up to the next one of its rank."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(f"\n### {heading}\n")
    assert rest, f"{PAGE.name} has no heading {heading!r}"
    first = before.count("\n") + 2
    last = first + rest.partition("\n### ")[0].count("\n")
    return [block.text for block in blocks(PAGE, "sh") if first <= block.line <= last]
