"""Which branch of a condition is in the plan: known when the pipeline is set, or left to the build."""

from __future__ import annotations

from typing import Any

from pikoci.internal.domain.condition import ConditionError, parse
from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.schema import ConversionError
from pikoci.internal.pipeline.scope import Absent, Scope
from pikoci.internal.pipeline.sentences import sentence
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.syntax import Block
from pikoci.pkg.hcl.values import Deferred

#: The blocks that are branches.
CONDITIONS = ("if", "else_if", "else")

#: How the names of variables begin that a condition may find set.
_SET_BY_BUILDS = ("BUILD_", "CI", "GET_", "INPUT_", "PUT_", "SERVICE_", "TASK_")


class Choice:
    """The branches of one block, in source order; a new `if` begins a new choice."""

    def __init__(self) -> None:
        self.is_taken = False  # whether the last branch is the one that holds, as is known now
        self._decided = False
        self._open = False

    def branch(self, block: Block, scope: Scope) -> dict[str, Any] | None:
        """The `word` and `condition` of a branch that the build decides about; None for one that is decided now.

        A branch that is known to hold is an `else` behind those that the build decides about. Errors are reported.
        """
        if block.type == "if":
            self._decided = self._open = False
        self.is_taken = False
        found = False if self._decided else _verdict(block, scope)
        if found is False:
            return None
        opened, self._open = self._open, self._open or found is not True
        if found is not True:
            return {"word": "else_if" if opened else "if", "condition": found}
        self._decided = True
        self.is_taken = not opened
        return {"word": "else", "condition": ""} if opened else None


def _verdict(block: Block, scope: Scope) -> bool | str:
    """Whether a branch holds, or the condition that a build has to look at.

    One that is not known yet, and one that is wrong, holds: so what it guards is looked at.
    """
    condition = block.body.attribute("condition")
    if condition is None:
        return block.type == "else"
    where, value = condition.expr.range, scope.evaluate(condition.expr)
    if isinstance(value, Absent):
        return value is Absent.UNKNOWN
    if isinstance(value, Deferred):
        hint = "hand it to a task in its env, and let the task export what the condition is about"
        scope.report.error(where, "A condition cannot be made of a secret", "Conditions are shown.", hint)
        return True
    try:
        return bool(kinds.to_bool(value))
    except ConversionError as error:
        if isinstance(value, str):
            return _read(value, where, scope)
        scope.report.error(where, 'Wrong value for "condition"', sentence(error), error.hint)
        return True


def _read(text: str, where: Range, scope: Scope) -> bool | str:
    try:
        condition = parse(text)
    except ConditionError as error:
        place = _place(text, error.at, where)
        detail = str(error) if place else f"{error}, at character {error.at + 1} of {text!r}"[:200]
        summary = f"{detail[:1].upper()}{detail[1:]}."
        scope.report.error(place or where, 'Wrong text for "condition"', summary, error.hint)
        return True
    for name in condition.names:
        if not name.startswith(_SET_BY_BUILDS):
            scope.report.warning(
                _place(text, text.index(f"${name}"), where) or where,
                f"No build sets ${name}",
                "In a condition it is always empty. It sees what steps have exported, BUILD_* and INPUT_*.",
                "write $TASK_<STEP>_<KEY> for what a task exports, ${var.<name>} for a variable",
            )
    return text


def _place(text: str, at: int, where: Range) -> Range | None:
    """Where the character `at` of a text stands in the file; None where the text is not written as it is."""
    if where.text[1:-1] != text:
        return None
    return Range(where.source, where.start + 1 + at, where.end)
