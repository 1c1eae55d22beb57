"""The reference is complete, because it is written from the tables that check files."""

import re

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BUILTIN_RUNNERS
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES
from pikoci.internal.pipeline import reference
from pikoci.internal.pipeline.language import LANGUAGE
from pikoci.internal.pipeline.sources import KNOWN_SOURCES
from pikoci.pkg.hcl import standard_functions
from tests.unit.internal.pipeline.loading import NOW


def test_it_names_every_block_argument_param_and_function() -> None:
    text = reference()

    for block in LANGUAGE.values():
        assert block.key == "pipeline" or f"### `{block.form()}`" in text
        for attribute in block.attributes:
            assert f"| `{attribute.name}` |" in text
    for kind in BUILTIN_RESOURCE_TYPES.values():
        assert f"### `{kind.name}`" in text
    for runner in BUILTIN_RUNNERS.values():
        assert f"### `{runner.name}`" in text
    for message in BUILTIN_NOTIFICATION_TYPES.values():
        assert f"### `{message.name}`" in text
    for name in standard_functions(lambda: NOW):
        assert f"- `{name}(" in text


def test_it_leads_to_examples_only_where_these_are() -> None:
    assert "xample" not in "".join(line for line in reference().splitlines() if "](" in line)

    text = reference({"step.task": "Example: [tasks.hcl](examples/tasks.hcl)."})
    assert text.count("](examples/") == 1
    section = text.partition("### `task ")[2].partition("###")[0]
    assert section.endswith("\n\nExample: [tasks.hcl](examples/tasks.hcl).\n\n")


def test_everything_has_a_one_line_description() -> None:
    texts = [
        *(block.description for block in LANGUAGE.values()),
        *(attribute.description for block in LANGUAGE.values() for attribute in block.attributes),
        *(param.description for kind in BUILTIN_RESOURCE_TYPES.values() for param in kind.params),
        *(kind.description for kind in BUILTIN_NOTIFICATION_TYPES.values()),
        *(param.description for kind in BUILTIN_NOTIFICATION_TYPES.values() for param in (*kind.params, *kind.values)),
        *(param.description for runner in BUILTIN_RUNNERS.values() for param in runner.params),
    ]

    for text in texts:
        assert re.fullmatch(r"[^\n]+\.", text), text


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in reference().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert cells == 0 or width in (0, cells), line
        width = cells


def test_the_tables_fit_together() -> None:
    for block in LANGUAGE.values():
        assert set(block.blocks) <= LANGUAGE.keys()
        assert len(block.children) == len(block.blocks)
        assert len(block.by_name) == len(block.attributes)
        assert not block.by_name.keys() & block.children.keys()
    assert KNOWN_SOURCES.keys() == {key for key in LANGUAGE if "source" in LANGUAGE[key].by_name}
