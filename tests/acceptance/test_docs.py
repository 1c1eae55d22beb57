"""The commands in the documentation do what the pages show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.document import Reader
from tests.unit.docs.markdown import PAGES, blocks


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=lambda page: page.name)
def test_the_commands_of_a_page_work_in_order(page: Path, tmp_path: Path, git: str) -> None:
    reader = Reader(tmp_path)
    try:
        for block in blocks(page):
            reader.read(block)
    finally:
        reader.close()
