"""Checks the params of a block against a table of what a built-in type or runner takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pikoci.internal.domain.builtin import Param
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.plan import Json
from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.schema import ConversionError, Kind
from pikoci.internal.pipeline.scope import Absent
from pikoci.internal.pipeline.sentences import sentence
from pikoci.pkg.hcl.diagnostics import Range

_KINDS: Mapping[str, Kind] = {
    "string": kinds.TEXT,
    "number": kinds.COUNT,
    "bool": kinds.BOOL,
    "list": kinds.TEXTS,
    "any": kinds.ANY,
}


def plain(node: Node | None) -> dict[str, Json]:
    """The params of `node` as JSON, whatever their names."""
    if node is None:
        return {}
    return {name: "" if isinstance(value, Absent) else kinds.to_json(value) for name, value in node.free.items()}


def check(
    node: Node | None, table: Iterable[Param], what: str, report: Report, masks: Masks, *, header: Range | None = None
) -> dict[str, Json]:
    """The params of `node`, each converted as `table` says. `what` is for messages, such as "git".

    With `header`, required params must be there; an error for those that are missing stands at `header`.
    """
    known = {param.name: param for param in table}
    result: dict[str, Json] = {}
    given = {} if node is None else node.free
    for name, value in given.items():
        assert node is not None
        param = known.get(name)
        if param is None:
            where = node.attributes[name].name_range
            report.error(where, f'Unknown param "{name}" of {what}', hint=report.similar(name, known))
        elif _allowed(param, node, what, report):
            _convert(param, value, node, result, report)
            if param.sensitive and not isinstance(value, Absent):
                masks.add(value)
    if header is not None:
        _require(known, given, what, header, report)
    return result


def _require(known: Mapping[str, Param], given: Iterable[str], what: str, header: Range, report: Report) -> None:
    for param in known.values():
        if param.required and param.name not in given:
            report.error(
                header, f'Missing param "{param.name}" of {what}', param.description, f"write {param.name} = ..."
            )


def _allowed(param: Param, node: Node, what: str, report: Report) -> bool:
    where = node.attributes[param.name].name_range
    if param.ignored:
        report.warning(where, f'The param "{param.name}" of {what} has no effect', sentence(param.ignored))
        return False
    if not param.supported:
        report.error(where, f'The param "{param.name}" of {what} is not supported yet', hint="take it out of the file")
    return param.supported


def _convert(param: Param, value: Any, node: Node, result: dict[str, Json], report: Report) -> None:
    kind = _KINDS[param.kind]
    if isinstance(value, Absent):
        result[param.name] = kind.placeholder
        return
    if value == "" and param.required:
        report.error(node.where(param.name), f'"{param.name}" must not be empty')
        return
    wrong = f'Wrong value for "{param.name}"'
    try:
        result[param.name] = kind.convert(value)
        if isinstance(value, str) and value and param.check is not None:
            param.check(value)
    except (ConversionError, InvalidError) as error:
        report.error(node.where(param.name), wrong, sentence(error), error.hint)
    if isinstance(value, str) and value and param.choices and value not in param.choices:
        where = node.where(param.name)
        report.error(where, wrong, "It has a few values only.", report.similar(value, param.choices))
