"""The `input` blocks of a job: what is asked for when somebody starts it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from pikoci.internal.domain.job_inputs import MAX_INPUTS, NAME, JobInput, UnfitInputError, Value, text_of
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.schema import ConversionError
from pikoci.internal.pipeline.scope import Scope
from pikoci.internal.pipeline.vartypes import parse_type
from pikoci.pkg.hcl.static import keyword
from pikoci.pkg.hcl.values import Deferred

_Type = Literal["string", "number", "bool", "list"]
_PRIMITIVES: dict[str, _Type] = {"string": "string", "number": "number", "bool": "bool"}


def build_inputs(job: Node, scope: Scope) -> list[JobInput]:
    """The inputs of a job, in source order; what is wrong with them is reported."""
    nodes = [child for child in job.children if child.type == "input"]
    if len(nodes) > MAX_INPUTS:
        where = nodes[MAX_INPUTS].block.range
        scope.report.error(where, f"The job has more than {MAX_INPUTS} inputs", hint="hand large things over in files")
        return []
    _refuse_doubles(nodes, scope.report)
    return [_build(node, scope) for node in nodes]


def refuse_unmet(job: Node, plan: JobPlan, report: Report) -> None:
    """Report inputs that must be given by hand, where new versions start the job without anybody there."""
    trigger = next((get for get in plan.gets() if get.trigger), None)
    for node in job.children:
        if trigger and node.type == "input" and node.get("required") and not _has_default(node):
            report.error(
                node.block.range,
                f'The input "{node.labels[0]}" must be given, but new versions start the job by themselves',
                f'Its get "{trigger.name}" has trigger = true.',
                "give the input a default, or take trigger = true out",
            )


def _build(node: Node, scope: Scope) -> JobInput:
    name = node.labels[0]
    if not NAME.allows(name):
        scope.report.error(node.block.range, f'"{name}" cannot be the name of an input', f"It {NAME.sentence}.")
    wanted = JobInput(name=name, type=_type(node, scope.report), **node.changed("description", "required"))
    wanted = msgspec.structs.replace(wanted, choices=_choices(node, wanted, scope.report))
    return msgspec.structs.replace(wanted, default=_default(node, wanted, scope))


def _type(node: Node, report: Report) -> _Type:
    attribute = node.attributes.get("type")
    if attribute is None:
        return "string"
    try:
        found = parse_type(attribute.expr)
    except ConversionError:
        return "string"  # reported where the block was read
    if found.name in _PRIMITIVES:
        return _PRIMITIVES[found.name]
    if found.name == "list" and found.element and found.element.name in {"string", "any"}:
        return "list"
    report.error(
        attribute.expr.range, "An input cannot be of this type", hint="write string, number, bool or list(string)"
    )
    return "string"


def _choices(node: Node, wanted: JobInput, report: Report) -> list[str]:
    given = [name for name in ("choices", "options") if name in node.values]
    if len(given) > 1:
        report.error(node.where("options"), 'Both "choices" and "options"', "They mean the same.", "keep one of them")
    if not given:
        return []
    name, texts = given[0], []
    one = msgspec.structs.replace(wanted, type="string" if wanted.type == "list" else wanted.type, required=False)
    if not node.values[name]:
        report.error(node.where(name), f'"{name}" is empty', hint="take it out, or write the values that are possible")
    for choice in node.values[name]:
        try:
            texts.append(text_of(one.fit(choice)))
        except UnfitInputError as error:
            report.error(node.where(name), f'Wrong value for "{name}"', f'"{choice[:40]}" {error}.')
    return list(dict.fromkeys(texts))


def _default(node: Node, wanted: JobInput, scope: Scope) -> Value | None:
    value: Any = node.values.get("default")
    if value is None:
        return None
    where = node.where("default")
    if isinstance(value, Deferred) or scope.is_sensitive(node.attributes["default"].expr):
        scope.report.error(
            where,
            "The default of an input cannot be secret",
            "Everybody who may see the pipeline sees its inputs, and commands see them unmasked.",
            "give commands the secret with env",
        )
        return None
    try:
        return wanted.fit(kinds.to_json(value))
    except UnfitInputError as error:
        scope.report.error(where, 'Wrong value for "default"', f"The default {error}.")
        return None


def _has_default(node: Node) -> bool:
    """Also where its value is wrong, which was reported, or not known yet."""
    attribute = node.attributes.get("default")
    return attribute is not None and keyword(attribute.expr) != "null"


def _refuse_doubles(nodes: Sequence[Node], report: Report) -> None:
    seen: dict[str, Node] = {}
    for node in nodes:
        variable = JobInput(name=node.labels[0]).variable
        first = seen.setdefault(variable, node)
        if first is not node:
            report.error(
                node.block.range,
                f'Duplicate input "{node.labels[0]}"',
                f"Commands would see it as {variable}, as they see the one on line {first.block.range.line}.",
                "give one of them another name",
            )
