"""What a file uses of the language: for the documentation, and for the test that every part of it has an example."""

from __future__ import annotations

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
