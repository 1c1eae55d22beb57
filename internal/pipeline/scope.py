"""Evaluates expressions with the variables of one place of the file."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Any, Protocol

from pikoci.internal.pipeline.limits import Budget
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.names import NameCheck
from pikoci.internal.pipeline.report import Report
from pikoci.pkg.hcl import EvalContext, Expression, evaluate, has_errors
from pikoci.pkg.hcl.static import Path
from pikoci.pkg.hcl.syntax import Literal


class Absent(Enum):
    """Why an expression has no value."""

    #: It depends on a variable that nobody gave a value yet.
    UNKNOWN = "unknown"
    #: It is wrong, which has been reported.
    INVALID = "invalid"


class Named(Protocol):
    """Named values of one kind: those that have a value, and the names of those that have none yet.

    All of it grows while they are resolved. `sensitive` are those whose values must not be seen.
    """

    @property
    def values(self) -> Mapping[str, Any]:
        """The values by name."""

    @property
    def unknown(self) -> AbstractSet[str]:
        """Those without a value."""

    @property
    def sensitive(self) -> AbstractSet[str]:
        """Those whose values, or parts of them, must not be seen."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Variables, locals, functions and, inside an instance of a job, `each`. Never changed by evaluating.

    `each_sensitive` says whether `each` is made of sensitive values.
    """

    named: Mapping[str, Named]
    functions: Mapping[str, Any]
    names: NameCheck
    report: Report
    budget: Budget
    masks: Masks
    each: Mapping[str, Any] | Absent | None = None
    each_sensitive: bool = False

    def with_each(self, each: Mapping[str, Any] | Absent | None, *, sensitive: bool = False) -> Scope:
        """The scope inside an instance of a job."""
        return replace(self, each=each, each_sensitive=sensitive)

    def is_sensitive(self, expression: Expression) -> bool:
        """Whether a sensitive value goes into `expression`, as it is or changed."""
        if type(expression) is Literal or not (
            self.each_sensitive or any(one.sensitive for one in self.named.values())
        ):
            return False
        return any(self._is_sensitive(path) for path in self.names.uses(expression))

    def _is_sensitive(self, path: Path) -> bool:
        if path.root == "each":
            return self.each_sensitive
        return path.root in self.named and _holds(self.named[path.root].sensitive, path)

    def evaluate(self, expression: Expression) -> Any:
        """The HCL value of `expression`, or an `Absent`; what is wrong with it is reported."""
        if type(expression) is Literal:
            return expression.value
        if self.names.broken(expression):
            return Absent.INVALID
        if self._is_unknown(expression):
            return Absent.UNKNOWN
        roots: dict[str, Any] = {root: one.values for root, one in self.named.items()}
        if isinstance(self.each, Mapping):
            roots["each"] = self.each
        self.budget.tick(expression)
        tick = partial(self.budget.tick, expression)
        result = evaluate(expression, EvalContext(roots, self.functions, tick))
        self.report.extend(result.diagnostics)
        if has_errors(result.diagnostics):
            return Absent.INVALID
        self.budget.value(result.value, expression)
        return result.value

    def _is_unknown(self, expression: Expression) -> bool:
        if not isinstance(self.each, Absent) and not any(one.unknown for one in self.named.values()):
            return False
        for path in self.names.uses(expression):
            if path.root == "each" and isinstance(self.each, Absent):
                return True
            if path.root in self.named and _holds(self.named[path.root].unknown, path):
                return True
        return False


def _holds(names: AbstractSet[str], path: Path) -> bool:
    """Whether one of `names` is what `path` leads to, or may lead to."""
    return path.parts[1] in names if len(path.parts) > 1 else bool(names)
