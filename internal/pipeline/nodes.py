"""Evaluated blocks: the syntax tree of one place with its values converted as the language says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.conditions import CONDITIONS, Choice
from pikoci.internal.pipeline.schema import AttributeSchema, BlockSchema, ConversionError
from pikoci.internal.pipeline.scope import Absent, Scope
from pikoci.internal.pipeline.sentences import sentence
from pikoci.internal.pipeline.structure import child_schema
from pikoci.internal.pipeline.vartypes import parse_type
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.syntax import Attribute, Block, Expression, Literal, Object

_EXPANDING = ("for_each", "matrix")  # what is evaluated once, for all instances of a job: see `expand`


@dataclass(slots=True)
class Node:
    """One block. `values` are the given arguments, converted; `free` those of any name, as raw HCL values.

    A `free` value is an `Absent` where it is wrong or not known yet; `sensitive` names those made of sensitive values.
    `attributes` tells where each of them stands. `children` are the blocks inside, in source order; a condition that
    is decided when the pipeline is set is replaced by the steps of its chosen branch.
    """

    block: Block
    schema: BlockSchema
    values: dict[str, Any] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The word that opens the block."""
        return self.block.type

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels."""
        return self.block.labels

    def get(self, name: str) -> Any:
        """The value of an argument, or its default."""
        return self.values[name] if name in self.values else self.schema.by_name[name].default

    def changed(self, *names: str) -> dict[str, Any]:
        """The arguments among `names` that differ from their defaults: what a plan has to say."""
        known = self.schema.by_name
        return {name: value for name, value in self.values.items() if name in names and value != known[name].default}

    def only(self, block_type: str) -> Node | None:
        """The first block of that type inside, or None."""
        return next((child for child in self.children if child.type == block_type), None)

    def where(self, name: str) -> Range:
        """Where an argument's value stands, or the header if it is not given."""
        attribute = self.attributes.get(name)
        return self.block.range if attribute is None else attribute.expr.range


def read(block: Block, schema: BlockSchema, scope: Scope) -> Node:
    """Evaluate `block` and what is inside; what is wrong with a value is reported, and the value left out."""
    node = Node(block, schema, attributes=block.body.attributes)
    scope.budget.part(len(node.attributes), block)
    for attribute in node.attributes.values():
        if attribute.name in _EXPANDING and schema.type == "job":
            continue
        known = schema.by_name.get(attribute.name)
        if known is not None:
            found = read_value(attribute, known, scope)
            if found is not None:
                node.values[known.name] = found
        elif schema.free:
            value = scope.evaluate(attribute.expr)
            if value is not None:
                node.free[attribute.name] = value
            if scope.is_sensitive(attribute.expr):
                node.sensitive |= {attribute.name}
    node.children.extend(_children(block, schema, scope))
    return node


def read_value(attribute: Attribute, known: AttributeSchema, scope: Scope) -> Any:
    """The value of an argument, converted; None where it is null, or wrong, which is reported."""
    if known.kind.syntax:
        _check_type(attribute, scope)
        return None
    value = scope.evaluate(attribute.expr)
    if value is Absent.UNKNOWN:
        return known.kind.placeholder
    if value is None and known.required:
        scope.report.error(attribute.expr.range, f'"{known.name}" must not be null')
    if value is None or value is Absent.INVALID:
        return None
    if known.kind is kinds.ENV:
        _mask(attribute.expr, value, scope)
    try:
        return known.kind.convert(value)
    except ConversionError as error:
        scope.report.error(attribute.expr.range, f'Wrong value for "{known.name}"', sentence(error), error.hint)
        return None


def _mask(expression: Expression, value: Any, scope: Scope) -> None:
    """Mask what of `value` is made of sensitive values; of an object written out, only those of its elements."""
    if isinstance(expression, Object) and isinstance(value, dict):
        for key, element in expression.items:
            if scope.is_sensitive(element):
                scope.masks.add(value.get(key.value) if isinstance(key, Literal) else value)
    elif scope.is_sensitive(expression):
        scope.masks.add(value)


def _check_type(attribute: Attribute, scope: Scope) -> None:
    try:
        parse_type(attribute.expr)
    except ConversionError as error:
        scope.report.error(attribute.expr.range, "Invalid type", sentence(error), error.hint)


def _children(block: Block, schema: BlockSchema, scope: Scope) -> Iterator[Node]:
    choice = Choice()
    for child in block.body.blocks:
        known = child_schema(schema, child)
        if known is None or child.type in _EXPANDING or not _labels_fit(child, known):
            continue
        if child.type not in CONDITIONS:
            yield read(child, known, scope)
            continue
        branch = choice.branch(child, scope)
        if branch is None:
            yield from _children(child, known, scope) if choice.is_taken else ()
        else:
            scope.budget.part(1, child)
            inside = list(_children(child, known, scope))
            yield Node(child, known, values=branch, attributes=child.body.attributes, children=inside)


def _labels_fit(block: Block, schema: BlockSchema) -> bool:
    return len(block.labels) == len(schema.labels) or (schema.label_optional and not block.labels)
