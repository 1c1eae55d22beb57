"""What a file uses of the language: for the documentation, and for the test that every part of it has an example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pikoci.internal.pipeline.language import PIPELINE
from pikoci.internal.pipeline.schema import BlockSchema
from pikoci.internal.pipeline.structure import child_schema
from pikoci.pkg import hcl
from pikoci.pkg.hcl.syntax import Attribute, Body


def usage(config: str) -> dict[str, set[str]]:
    """The blocks that a file has, by their keys in the language, and which of their attributes it gives.

    What the language does not know is passed over, with all in it. Params of any name are no attributes.
    """
    found: dict[str, set[str]] = {}
    body, _ = hcl.parse(config, "")
    _collect(body, PIPELINE, found)
    return found


def _collect(body: Body, schema: BlockSchema, found: dict[str, set[str]]) -> None:
    attributes = found.setdefault(schema.key, set())
    for item in body.items:
        if isinstance(item, Attribute):
            attributes |= {item.name} & schema.by_name.keys()
        elif child := child_schema(schema, item):
            _collect(item.body, child, found)


def best_examples(usages: Mapping[str, Mapping[str, set[str]]]) -> dict[str, list[str]]:
    """For each block the few files that together show all of its attributes that any file shows.

    Args:
        usages: What each file uses, by its name.

    Returns:
        The names by the block's key. The first is called like the block, if there is one; after it come those that add
        most, and of these the one that is about least else.
    """
    keys = dict.fromkeys(key for used in usages.values() for key in used)
    return {key: list(_cover(key, usages)) for key in keys}


def _cover(key: str, usages: Mapping[str, Mapping[str, set[str]]]) -> Iterator[str]:
    having = {name: used[key] for name, used in usages.items() if key in used}
    missing = set[str]().union(*having.values())

    def called(name: str) -> int:
        return len(
            {(word, part) for word in re.split(r"[._]", key) for part in name.split("-") if part.startswith(word)}
        )

    def rank(name: str) -> tuple[int, int, str]:
        return -len(having[name] & missing), len(usages[name]), name

    best = min(having, key=lambda name: (-called(name), rank(name)))
    while True:
        yield best
        missing -= having.pop(best)
        if not missing:
            return
        best = min(having, key=rank)
