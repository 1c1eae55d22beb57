"""Checks a file against the language without evaluating anything: blocks, labels, arguments, and what they refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from pikoci.internal.domain.names import MAX_LABEL
from pikoci.internal.pipeline.declared import Declared
from pikoci.internal.pipeline.language import LANGUAGE, PIPELINE
from pikoci.internal.pipeline.misplaced import misplaced
from pikoci.internal.pipeline.names import NameCheck
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.schema import BlockSchema
from pikoci.pkg.hcl.syntax import Attribute, Block, Body, Placed

_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f/]+")
_SELECTS = ("if", "else_if", "else")


@cache
def schema_of(key: str, *, labelled: bool) -> BlockSchema:
    """The schema of a block; a hook with a label takes a runner's params, one without takes steps."""
    schema = LANGUAGE[key]
    if not key.startswith("hook."):
        return schema
    return replace(schema, blocks=()) if labelled else replace(schema, free="", labels=())


def child_schema(parent: BlockSchema, block: Block) -> BlockSchema | None:
    """The schema of `block` inside `parent`, or None where it does not belong."""
    key = parent.children.get(block.type)
    return None if key is None else schema_of(key, labelled=bool(block.labels))


class Structure:
    """One pass over the syntax tree."""

    def __init__(self, declared: Declared, names: NameCheck, report: Report) -> None:
        self._declared = declared
        self._names = names
        self._report = report

    def check(self, body: Body) -> None:
        """Report everything that is wrong with the file without evaluating it."""
        self._body(body, PIPELINE, body, in_each=False, refused=False)

    def _body(self, body: Body, schema: BlockSchema, header: Placed, *, in_each: bool, refused: bool) -> None:
        seen: dict[str, Block] = {}
        previous = ""
        for item in body.items:
            if isinstance(item, Attribute):
                self._attribute(item, schema, in_each=in_each)
                continue
            self._order(item, previous)
            previous = item.type
            child = child_schema(schema, item)
            if child is None:
                self._unknown_block(item, schema)
                continue
            first = seen.setdefault(item.type, item)
            if child.single and first is not item:
                self._twice(item, first)
            self._block(item, child, in_each=in_each, refused=refused)
        self._missing(body, schema, header, seen)

    def _block(self, block: Block, schema: BlockSchema, *, in_each: bool, refused: bool) -> None:
        if not refused and not schema.supported:
            self._report.error(
                block.type_range,
                f'"{block.type}" is not supported yet',
                "It is read and checked, but there is nothing yet that runs it.",
                "take it out of the file",
            )
        self._labels(block, schema)
        if block.type == "job":
            in_each = block.body.attribute("for_each") is not None or bool(block.body.blocks_of("matrix"))
        if block.type == "matrix":
            in_each = False
        inside = refused or not schema.supported
        self._body(block.body, schema, block, in_each=in_each, refused=inside)

    def _attribute(self, attribute: Attribute, schema: BlockSchema, *, in_each: bool) -> None:
        known = schema.by_name.get(attribute.name)
        if known is None and (not schema.free or attribute.name in schema.children):
            self._unknown_attribute(attribute, schema)
        if known is None or not known.kind.syntax:
            in_variable = schema.key.startswith("variable")
            self._names.check(attribute.expr, each=in_each and attribute.name != "for_each", local=not in_variable)

    def _unknown_attribute(self, attribute: Attribute, schema: BlockSchema) -> None:
        name = attribute.name
        if name in schema.children:
            hint = f"it is a block: write {name} {{ ... }} without the equals sign"
        elif schema.type in _SELECTS:
            hint = self._report.similar(name, schema.by_name)
        else:
            hint = self._report.similar(name, [*schema.by_name, *schema.children])
        self._report.error(attribute.name_range, f'Unknown argument "{name}" in {schema.type}', hint=hint)

    def _unknown_block(self, block: Block, schema: BlockSchema) -> None:
        name = block.type
        if way_out := misplaced(name, schema.type):
            self._report.error(block.type_range, f'"{name}" cannot stand inside "{schema.type}"', hint=way_out)
            return
        hint = (
            f"it is an argument: write {name} = ..."
            if name in schema.by_name
            else self._report.similar(name, schema.children)
        )
        self._report.error(block.type_range, f'Unknown block "{name}" in {schema.type}', hint=hint)

    def _order(self, block: Block, previous: str) -> None:
        if block.type in ("else_if", "else") and previous not in ("if", "else_if"):
            self._report.error(
                block.type_range,
                f'"{block.type}" without an "if" in front of it',
                hint="put it right after the if or else_if block that it belongs to",
            )

    def _twice(self, block: Block, first: Block) -> None:
        self._report.error(
            block.type_range,
            f'A second "{block.type}" block',
            f"The first is on line {first.range.line}; there can be one only.",
            "put them together",
        )

    def _labels(self, block: Block, schema: BlockSchema) -> None:
        wanted, given = len(schema.labels), len(block.labels)
        if given != wanted and not (schema.label_optional and given == 0):
            self._report.error(
                block.range,
                f'Wrong number of labels for "{block.type}"',
                f"It takes {_labels_text(schema.labels)}, this has {given}.",
                f"write {schema.form()}",
            )
            return
        if schema.refers is not None and block.labels:
            where = block.label_ranges[0].to(block.label_ranges[-1])
            self._declared.check(schema.refers, ".".join(block.labels), where)
        elif schema.declares is not None:
            self._declared.check_type(schema.declares, block)
        else:
            self._free_labels(block)

    def _free_labels(self, block: Block) -> None:
        for place, label in enumerate(block.labels):
            if not _PRINTABLE.fullmatch(label) or len(label) > MAX_LABEL:
                self._report.error(
                    block.label_ranges[place],
                    f'Invalid name "{label[:MAX_LABEL]}"',
                    f'A name has 1 to {MAX_LABEL} characters, without "/" and control characters.',
                )

    def _missing(self, body: Body, schema: BlockSchema, header: Placed, seen: Iterable[str]) -> None:
        given = {item.name for item in body.items if isinstance(item, Attribute)}
        for attribute in schema.attributes:
            if attribute.required and attribute.name not in given:
                self._report.error(
                    header.range,
                    f'Missing argument "{attribute.name}" in {schema.type}',
                    attribute.description,
                    f"write {attribute.name} = ...",
                )
        for key in schema.blocks:
            child = LANGUAGE[key]
            if child.required and child.type not in seen:
                self._report.error(
                    header.range,
                    f'Missing block "{child.type}" in {schema.type}',
                    child.description,
                    f"write {child.form()}",
                )


def _labels_text(labels: tuple[str, ...]) -> str:
    if not labels:
        return "no labels"
    return f"{len(labels)} label{'s' if len(labels) > 1 else ''} ({', '.join(labels)})"
