"""Which branch of a condition a build takes."""

from __future__ import annotations

from pikoci.internal.domain.condition import Condition, parse
from pikoci.internal.domain.plan import ConditionStep
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.masking import Masker

_SHOWN_NAMES, _SHOWN_VALUE = 5, 40


class Choice:
    """The branches among some steps, asked in plan order. They are decided by what `scope` sees at that moment."""

    def __init__(self, scope: Scope, masker: Masker) -> None:
        self._scope = scope
        self._masker = masker
        self._taken = False

    def refusal(self, branch: ConditionStep) -> str:
        """Why the branch does not run, with secrets masked; empty where it does."""
        self._taken = self._taken and branch.word != "if"
        if self._taken:
            return "a branch before it was taken"
        if branch.word != "else":
            condition = parse(branch.condition)
            if not condition.holds(self._scope.known):
                text = f": {self._masker.mask_text(branch.condition)}" if branch.name else ""
                return f"the condition does not hold{text}{self._values(condition)}"
        self._taken = True
        return ""

    def _values(self, condition: Condition) -> str:
        variables = self._scope.known
        shown = []
        for name in condition.names[:_SHOWN_NAMES]:
            value = self._masker.mask_text(variables.get(name, ""))  # as a whole: no part of a secret may be left
            cut = f"{value[:_SHOWN_VALUE]}…" if len(value) > _SHOWN_VALUE else value
            shown.append(f"${name} is '{cut}'" if value else f"${name} is empty")
        return f" ({', '.join(shown)})" if shown else ""
