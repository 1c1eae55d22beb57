"""Expands a job with `for_each` or `matrix` into its instances."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pikoci.internal.domain.names import MAX_NAME
from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.schema import ConversionError
from pikoci.internal.pipeline.scope import Absent, Scope
from pikoci.internal.pipeline.sentences import sentence
from pikoci.pkg.hcl import values
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.syntax import Attribute, Block, Expression


@dataclass(frozen=True, slots=True)
class Instance:
    """One job: its name, what `each` is in it (None in a job without instances), and whether that is sensitive."""

    name: str
    each: Mapping[str, Any] | Absent | None = None
    sensitive: bool = False


def instances(job: Block, scope: Scope) -> list[Instance]:
    """The instances of a job, in the order of their keys; for a plain job, itself. Raises PipelineTooLargeError."""
    name = job.labels[0]
    for_each = job.body.attribute("for_each")
    matrix = next(iter(job.body.blocks_of("matrix")), None)
    size = job.body.range.end - job.body.range.start
    if for_each is not None and matrix is not None:
        scope.report.error(matrix.type_range, 'Both "for_each" and "matrix"', hint="take one of them out")
    if for_each is not None:
        where = for_each.expr.range
        elements = _elements(scope.evaluate(for_each.expr), where, scope)
    elif matrix is not None:
        where = matrix.range
        elements = _combinations(matrix, size, scope)
    else:
        scope.budget.jobs(1, size, job.range)
        return [Instance(name)]
    sensitive = any(map(scope.is_sensitive, _sources(for_each, matrix)))
    if elements is None:
        return [Instance(name, Absent.UNKNOWN, sensitive)]
    if for_each is not None:
        scope.budget.jobs(len(elements), size, where)
    return _named(name, elements, where, scope, sensitive=sensitive)


def _sources(for_each: Attribute | None, matrix: Block | None) -> list[Expression]:
    """The expressions that `each` is made of."""
    given = [for_each] if for_each is not None else matrix.body.attributes.values() if matrix is not None else []
    return [attribute.expr for attribute in given]


def slug(key: str) -> str:
    """`key` in lower case, with one hyphen for everything between letters and digits: `1.21` becomes `1-21`."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")


def _named(
    name: str, elements: list[tuple[str, Any]], where: Range, scope: Scope, *, sensitive: bool
) -> list[Instance]:
    found: dict[str, Instance] = {}
    keys: dict[str, str] = {}
    for key, value in elements:
        scope.budget.tick(where)
        short = slug(key)
        full = f"{name}--{short}"
        if not short or len(full) > MAX_NAME:
            scope.report.error(
                where, f'The key "{key[:50]}" cannot name a job', "It needs a letter or digit, and must not be long."
            )
        elif scope.masks.hide(key) != key:
            scope.report.error(
                where, "A sensitive value cannot name a job", "Names of jobs are shown.", "use a key that may be seen"
            )
        elif short in keys:
            scope.report.error(
                where, f'The keys "{keys[short]}" and "{key}" are too much alike', f"Both would make a job {full}."
            )
        else:
            keys[short] = key
            found[full] = Instance(full, {"key": key, "value": value}, sensitive)
    return list(found.values())


def _elements(value: Any, where: Range, scope: Scope) -> list[tuple[str, Any]] | None:
    """The keys and values of a set or map; None where they are not known."""
    if isinstance(value, Absent):
        return None
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, values.ValueSet):
        try:
            return [(kinds.to_string(item), item) for item in value]
        except ConversionError as error:
            scope.report.error(where, 'Wrong value for "for_each"', sentence(error), "a set of strings is required")
            return None
    hint = "write toset(...) around it" if isinstance(value, list) else ""
    scope.report.error(where, 'Wrong value for "for_each"', f"A set or map is required, not a {_kind(value)}.", hint)
    return None


def _kind(value: Any) -> str:
    return values.kind(value)


def _combinations(matrix: Block, size: int, scope: Scope) -> list[tuple[str, Any]] | None:
    """The cartesian product of the axes, the last axis fastest; None where an axis is wrong or not known."""
    axes: dict[str, list[tuple[str, Any]]] = {}
    known = True
    for attribute in matrix.body.attributes.values():
        axis = _axis(scope.evaluate(attribute.expr), attribute.name, attribute.expr.range, scope)
        known = known and axis is not None
        axes[attribute.name] = axis or []
    if not axes:
        scope.report.error(matrix.range, "The matrix has no axes", hint='write one or more, such as os = ["linux"]')
        return None
    if not known:
        return None
    scope.budget.jobs(math.prod(map(len, axes.values())), size, matrix.range)
    return [
        ("-".join(text for text, _ in combination), dict(zip(axes, (value for _, value in combination), strict=True)))
        for combination in itertools.product(*axes.values())
    ]


def _axis(value: Any, name: str, where: Range, scope: Scope) -> list[tuple[str, Any]] | None:
    if isinstance(value, Absent):
        return None
    try:
        return [(kinds.to_string(item), item) for item in kinds.to_list(value)]
    except ConversionError as error:
        scope.report.error(where, f'Wrong value for the axis "{name}"', sentence(error), error.hint)
        return None
