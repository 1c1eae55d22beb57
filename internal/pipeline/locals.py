"""Evaluates the named values of `locals` blocks: in the order of their dependencies, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pikoci.internal.pipeline.names import NameCheck
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.scope import Absent, Scope
from pikoci.pkg.hcl.syntax import Attribute, Block

_SHOWN = 8  # members of a cycle


class Locals:
    """The locals of one file. `values`, `unknown` and `sensitive` are complete after `resolve`."""

    def __init__(self, blocks: Iterable[Block], report: Report) -> None:
        self._report = report
        self.declared: dict[str, Attribute] = {}
        for block in blocks:
            for attribute in block.body.attributes.values():
                self._declare(attribute)
        self.values: dict[str, Any] = {}
        self.unknown: set[str] = set()
        self.sensitive: set[str] = set()

    def resolve(self, scope: Scope) -> None:
        """Evaluate all of them. `scope` must share what this completes, and know the variables."""
        for name in self._order(scope.names):
            expression = self.declared[name].expr
            value = scope.evaluate(expression)
            if isinstance(value, Absent):
                self.unknown.add(name)
            else:
                self.values[name] = value
            if scope.is_sensitive(expression):
                self.sensitive.add(name)
                scope.masks.add(self.values.get(name))

    def _declare(self, attribute: Attribute) -> None:
        first = self.declared.setdefault(attribute.name, attribute)
        if first is not attribute:
            self._report.error(
                attribute.name_range,
                f'Duplicate local "{attribute.name}"',
                f"The first is on line {first.name_range.line}.",
                "give one of them another name",
            )

    def _order(self, names: NameCheck) -> Iterable[str]:
        """Their names, each behind those it is made of; without those in a circle, which are reported."""
        needs = {name: dict.fromkeys(self._needs(attribute, names)) for name, attribute in self.declared.items()}
        while True:
            try:
                return list(TopologicalSorter(needs).static_order())
            except CycleError as error:
                circle = _from_first(error.args[1][:-1], needs)
                self._refuse(circle)
                for name in circle:
                    del needs[name]
                needs = {name: {one: None for one in needed if one in needs} for name, needed in needs.items()}

    def _needs(self, attribute: Attribute, names: NameCheck) -> Iterator[str]:
        for path in names.uses(attribute.expr):
            if path.root == "local" and len(path.parts) > 1 and path.parts[1] in self.declared:
                yield str(path.parts[1])

    def _refuse(self, circle: list[str]) -> None:
        shown = [f"local.{name}" for name in [*circle, circle[0]]]
        if len(shown) > _SHOWN:
            shown[_SHOWN - 2 : -1] = ["..."]
        self._report.error(
            self.declared[circle[0]].name_range,
            "Locals refer to one another in a circle",
            " -> ".join(shown) + ".",
            "give one of them a value of its own",
        )
        self.unknown.update(circle)


def _from_first(circle: list[str], order: Mapping[str, object]) -> list[str]:
    """The members of a circle, each in front of one that it is made of, from the one that stands first in the file."""
    members = set(circle)
    start = circle.index(next(name for name in order if name in members))
    # graphlib puts each behind those it needs.
    return [circle[start], *reversed(circle[start + 1 :] + circle[:start])]
