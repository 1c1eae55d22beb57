"""The work on one expression: where names are looked up, what went wrong, how much may still be made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pikoci.pkg.hcl import operations, syntax
from pikoci.pkg.hcl.calling import Function, LazyFunction
from pikoci.pkg.hcl.diagnostics import Diagnostic, Range, error
from pikoci.pkg.hcl.limits import MAX_SIZE
from pikoci.pkg.hcl.values import UnfitValueError, Value

_STEPS_TO_TICK = 64


@dataclass(frozen=True, slots=True)
class EvalContext:
    """What an expression may use: variables by root name, and functions by name. Never changed by evaluating.

    `tick` is called every now and then while an expression is evaluated; what it raises ends that.
    """

    variables: Mapping[str, Value] = field(default_factory=dict)
    functions: Mapping[str, Function | LazyFunction] = field(default_factory=dict)
    tick: Callable[[], object] = bool


class Stop(Exception):  # noqa: N818 - control flow: the error itself has been reported
    """An expression has no value; why is in the diagnostics."""


@dataclass(slots=True)
class Scope:
    """Names and values, the nearest `for` first."""

    names: Mapping[str, Value]
    outer: "Scope | None" = None

    def known(self) -> set[str]:
        """Return all names that can be used."""
        return set(self.names) | (self.outer.known() if self.outer else set())


Handler = Callable[["Evaluation", Any, Scope], Value]
"""Returns the value of one type of node; raises `Stop` after reporting why there is none."""


class Evaluation:
    """What evaluating one expression has come to."""

    def __init__(self, context: EvalContext, handlers: Mapping[type[syntax.Expression], Handler]) -> None:
        self.handlers = handlers
        self.context = context
        self.diagnostics: list[Diagnostic] = []
        self.left = MAX_SIZE
        self.steps = 0

    def value(self, node: syntax.Expression, scope: Scope) -> Value:
        """Return the value of a node; raises `Stop` after reporting why there is none."""
        self.steps += 1
        if self.steps % _STEPS_TO_TICK == 0:
            self.context.tick()
        return self.handlers[type(node)](self, node, scope)

    def values(self, nodes: Sequence[syntax.Expression], scope: Scope) -> list[Value]:
        """Return the values of all nodes; the errors of all are reported before giving up."""
        found: list[Value] = []
        for node in nodes:
            try:
                found.append(self.value(node, scope))
            except Stop:
                continue
        if len(found) < len(nodes):
            raise Stop
        return found

    def stop(self, summary: str, detail: str, where: Range, hint: str = "") -> Stop:
        """Report an error and return the exception to raise."""
        self.diagnostics.append(error(summary, detail, where, hint))
        return Stop()

    def spend(self, size: int, where: Range) -> None:
        """Count what was made; raises `Stop` when it is too much."""
        self.left -= size
        if self.left < 0:
            detail = f"Evaluating it would handle more than {MAX_SIZE:,} elements and characters."
            raise self.stop("Expression too large", detail, where)

    def look_at(self, values: Sequence[Value], where: Range) -> None:
        """Count all that values hold, before something walks through them."""
        self.spend(operations.measure(values, self.left), where)

    def tried(self, node: syntax.Expression, scope: Scope) -> Value:
        """Evaluate for a lazy function: errors are raised as `UnfitValueError` and not reported."""
        kept, self.diagnostics = self.diagnostics, []
        try:
            return self.value(node, scope)
        except Stop as stop:
            raise UnfitValueError(str(self.diagnostics[0])) from stop
        finally:
            self.diagnostics = kept


def sentence(cause: Exception) -> str:
    """Return the clause of an error as a sentence."""
    text = str(cause)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
