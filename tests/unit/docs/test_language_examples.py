"""Every block and attribute of the language has an example, and every example is one that a test plays."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from pikoci.internal.pipeline.language import LANGUAGE
from pikoci.internal.pipeline.usage import usage
from pikoci.pkg import hcl
from pikoci.pkg.hcl.format import format_source
from tests.acceptance.examples import FILES, FOLDER, rows

SUPPORTED = {key: block for key, block in LANGUAGE.items() if block.supported}


@cache
def used() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in FILES:
        for key, attributes in usage(file.read_text(encoding="utf-8")).items():
            found.setdefault(key, set()).update(attributes)
    return found


def test_every_block_and_attribute_has_an_example() -> None:
    missing = [f"block {key}" for key in SUPPORTED if key not in used()]
    missing += [
        f"{attribute.name} of {key}"
        for key, block in SUPPORTED.items()
        for attribute in block.attributes
        if attribute.name not in used().get(key, set())
    ]
    assert missing == [], "no docs/examples/*.hcl has them"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_says_what_comes_of_each_of_its_jobs(file: Path) -> None:
    body, found = hcl.parse(file.read_text(encoding="utf-8"), file.name)
    assert not found
    jobs = {block.labels[0] for block in body.blocks_of("job")}
    ran = {row.job.partition("--")[0] for row in rows(file) if row.status != "pending"}
    assert ran == jobs


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "has no table"),
        ("#   job  ends as\n", "has no jobs"),
        ("#   job  ends as\n#   a    done\n", "no such status"),
        ("#   job  ends as\n#   a    failed  with 1\n", "not understood"),
        ("#   job  ends as\n#     task t  failed\n", "not understood"),
        ("#   job  ends as\n#   a    failed\n#     task t  waiting\n", "no such status"),
    ],
)
def test_a_table_that_says_nothing_a_test_could_check_is_no_table(table: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "a.hcl"
    file.write_text(f'# A file.\n{table}\njob "a" {{}}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        rows(file)


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.hcl")), ids=lambda file: file.stem)
def test_an_example_is_formatted(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert format_source(text).text == text, "run `pikoci pipeline fmt docs/examples/*.hcl`"
