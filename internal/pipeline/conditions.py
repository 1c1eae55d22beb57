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
        parse(text)
    except ConditionError as error:
        detail, as_written = str(error), where.text[1:-1] == text
        if as_written:
            where = Range(where.source, where.start + 1 + error.at, where.end)
        else:
            detail += f", at character {error.at + 1} of {text!r}"[:200]
        scope.report.error(where, 'Wrong text for "condition"', f"{detail[:1].upper()}{detail[1:]}.", error.hint)
        return True
    return text
