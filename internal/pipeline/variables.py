"""Gives each variable its value: the given one, else the secret store's (at run time), else the default."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pikoci.internal.pipeline import kinds, vartypes
from pikoci.internal.pipeline.names import NameCheck
from pikoci.internal.pipeline.report import ReadingStoppedError, Report
from pikoci.internal.pipeline.schema import ConversionError
from pikoci.internal.pipeline.scope import Absent, Scope
from pikoci.internal.pipeline.sentences import sentence
from pikoci.pkg.hcl.syntax import Attribute, Block, Body, Expression
from pikoci.pkg.hcl.values import Deferred

#: Variables may refer to one another this deep.
MAX_DEPTH = 10
_SECRET_TYPES = ("string", "number", "bool", "any")


class Variables:
    """The variables of one file. `values`, `unknown` and `sensitive` are complete after `resolve`.

    So is `backed`, the names of those whose values are read from a secret store, with their types.
    """

    def __init__(
        self,
        blocks: Mapping[str, Block],
        secret_types: Mapping[str, Block],
        given: Mapping[str, object],
        own: Mapping[str, Attribute],
        *,
        allow_missing: bool,
    ) -> None:
        """`own` are the locals, which may stand in the configuration of secret types."""
        self._blocks = blocks
        self._secret_types = secret_types
        self._locals = own
        self._given = {name: value for name, value in given.items() if value is not None}
        self._allow_missing = allow_missing
        self._depths: dict[str, int] = {}
        self.values: dict[str, Any] = {}
        self.unknown: set[str] = set()
        self.sensitive: set[str] = set()
        self.backed: dict[str, str] = {}

    def resolve(self, scope: Scope) -> None:
        """Evaluate all of them, in the order of their dependencies. `scope` must share what this completes."""
        report = scope.report
        for name in self._given:
            if name not in self._blocks:
                report.warning(
                    None,
                    f'A value was given for "{name}", but no such variable is declared',
                    hint=report.similar(name, self._blocks),
                )
        try:
            for name in self._blocks:
                self._resolve(name, (), scope)
        finally:  # a finding must not show a sensitive value, whatever stopped the reading
            for name, block in self._blocks.items():
                if self._sensitive(block, scope):
                    self.sensitive.add(name)
                    scope.masks.add(self.values.get(name))

    def _resolve(self, name: str, path: tuple[str, ...], scope: Scope) -> None:
        if name in self._depths:
            return
        if name in path or len(path) > MAX_DEPTH:
            self._refuse_chain(name, path, scope.report)
            return
        block = self._blocks[name]
        needs = sorted(set(self._needs(name, block, scope.names)))
        for needed in needs:
            self._resolve(needed, (*path, name), scope)
        if name in self._depths:  # part of a cycle, found and reported below
            return
        self._depths[name] = 1 + max((self._depths[needed] for needed in needs), default=0)
        if self._depths[name] > MAX_DEPTH + 1:
            self._refuse_chain(name, path, scope.report)
        value = self._value(name, block, scope)
        if isinstance(value, Absent):
            self.unknown.add(name)
        else:
            self.values[name] = value

    def _refuse_chain(self, name: str, path: tuple[str, ...], report: Report) -> None:
        block = self._blocks[name]
        if name in path:
            members = path[path.index(name) :]
            report.error(
                block.range,
                "Variables refer to one another in a circle",
                " -> ".join((*members, name)) + ".",
                "give one of them a value of its own",
            )
        else:
            members = (*path, name)
            shown = " -> ".join((*members[:3], "...", *members[-1:])) if len(members) > 4 else name
            report.error(block.range, f"Variables refer to one another more than {MAX_DEPTH} deep", f"{shown}.")
        for member in members:
            self._depths.setdefault(member, 1)
            self.unknown.add(member)

    def _needs(self, name: str, block: Block, names: NameCheck) -> Iterator[str]:
        """The variables that the value of this one is made of."""
        if name in self._given:
            return
        waiting, seen = list(self._sources(block)), set[str]()
        while waiting:
            for path in names.uses(waiting.pop()):
                needed = str(path.parts[1]) if len(path.parts) > 1 else ""
                if path.root == "var" and needed in self._blocks:
                    yield needed
                elif path.root == "local" and needed in self._locals and needed not in seen:
                    seen.add(needed)
                    waiting.append(self._locals[needed].expr)

    def _sources(self, block: Block) -> Iterator[Expression]:
        labels = _secret_labels(block)
        if not labels:
            default = block.body.attribute("default")
            if default is not None:
                yield default.expr
        for secret in block.body.blocks_of("secret"):
            yield from (item.expr for item in secret.body.attributes.values())
        for label in labels:
            if label in self._secret_types:
                yield from _expressions(self._secret_types[label].body)

    def _value(self, name: str, block: Block, scope: Scope) -> Any:
        wanted = _type(block.body.attribute("type"))
        default = block.body.attribute("default")
        if name in self._given:
            return _fit(self._given[name], wanted, name, block, scope.report)
        if block.body.blocks_of("secret"):
            self._back(name, block, wanted, scope.report)
            return Deferred.of(f"var.{name}")
        if default is not None:
            return _default(default, wanted, scope)
        if not self._allow_missing:
            scope.report.error(
                block.range,
                f'No value for the variable "{name}"',
                "It has no default and none was given.",
                f"give one, with --var {name}=... or in a file of variables, or write default = ...",
            )
        return Absent.UNKNOWN

    def _back(self, name: str, block: Block, wanted: vartypes.VariableType, report: Report) -> None:
        if wanted.name not in _SECRET_TYPES:
            where = block.body.attributes["type"].expr.range
            report.error(
                where,
                f"A secret is no {wanted.name}",
                f"It is one of: {', '.join(_SECRET_TYPES)}.",
                "write type = string, and take it apart in a script",
            )
            return
        self.backed[name] = "string" if wanted.name == "any" else wanted.name

    def _sensitive(self, block: Block, scope: Scope) -> bool:
        if block.body.blocks_of("secret"):
            return True
        attribute = block.body.attribute("sensitive")
        if attribute is None:
            return False
        try:
            return bool(kinds.to_bool(scope.evaluate(attribute.expr)))
        except (ConversionError, ReadingStoppedError):
            return True  # reported where the block is read, or why not; rather hide too much


def _expressions(body: Body) -> Iterator[Expression]:
    yield from (item.expr for item in body.attributes.values())
    for block in body.blocks:
        yield from _expressions(block.body)


def _secret_labels(block: Block) -> Collection[str]:
    return {secret.labels[0] for secret in block.body.blocks_of("secret") if secret.labels}


def _type(attribute: Attribute | None) -> vartypes.VariableType:
    if attribute is None:
        return vartypes.ANY
    try:
        return vartypes.parse_type(attribute.expr)
    except ConversionError:
        return vartypes.ANY  # reported where the block is read


def _default(attribute: Attribute, wanted: vartypes.VariableType, scope: Scope) -> Any:
    value = scope.evaluate(attribute.expr)
    if isinstance(value, Absent):
        return value
    try:
        return vartypes.convert(value, wanted)
    except ConversionError as error:
        scope.report.error(attribute.expr.range, 'Wrong value for "default"', sentence(error), error.hint)
        return Absent.INVALID


def _fit(value: object, wanted: vartypes.VariableType, name: str, block: Block, report: Report) -> Any:
    try:
        return vartypes.from_user(value, wanted)
    except ConversionError as error:
        report.error(block.range, f'Wrong value given for the variable "{name}"', sentence(error), error.hint)
        return Absent.INVALID
