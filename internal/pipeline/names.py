"""Checks the names that expressions use: `var.<name>`, `local.<name>`, `each`, functions, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pikoci.internal.pipeline.report import Report
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.static import Path, traversals
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.pkg.hcl.syntax import Call, Expression, Index, Literal, Splat

_EACH = ("key", "value")
_ROOTS = ("var", "local", "each")


class NameCheck:
    """Reports unknown names, and remembers which expressions have them: those cannot be evaluated."""

    def __init__(
        self, variables: Collection[str], own: Collection[str], functions: Collection[str], report: Report
    ) -> None:
        """`own` are the names of locals."""
        self._variables = variables
        self._locals = own
        self._functions = functions
        self._report = report
        self._broken: set[int] = set()
        self._uses: dict[Expression, list[Path]] = {}

    def check(self, expression: Expression, *, each: bool, local: bool = True) -> None:
        """Report the unknown names in `expression`.

        `each` tells whether it stands in a job that has instances, `local` whether it may use locals.
        """
        if type(expression) is Literal:
            return
        for path in self.uses(expression):
            if not self._known(path, each=each, local=local):
                self._broken.add(id(expression))
        if "(" in expression.range.text:
            self._check_functions(expression)

    def broken(self, expression: Expression) -> bool:
        """Whether `expression` has an unknown name, which has been reported."""
        return id(expression) in self._broken

    def uses(self, expression: Expression) -> list[Path]:
        """The names that `expression` uses: looked for once, however many instances of a job ask."""
        found = self._uses.get(expression)
        if found is None:
            found = self._uses[expression] = [] if type(expression) is Literal else traversals(expression)
        return found

    def _check_functions(self, expression: Expression) -> None:
        # Evaluating would find them too, but not everything is evaluated: the branch of a condition that does not
        # hold is not, nor what depends on a variable without a value. Said in the same words, it counts once.
        for call in _calls(expression):
            if call.name not in self._functions:
                detail = f'There is no function "{call.name}".'
                hint = did_you_mean(call.name, self._functions)
                self._report.error(call.name_range, "Unknown function", detail, hint)
                self._broken.add(id(expression))

    def _known(self, path: Path, *, each: bool, local: bool) -> bool:
        if path.root == "var":
            return self._known_variable(path)
        if path.root == "local":
            return self._known_local(path, local=local)
        if path.root == "each":
            return self._known_each(path, each=each)
        self._report.error(path.range, f'Unknown name "{path.root}"', hint=self._root_hint(path))
        return False

    def _known_variable(self, path: Path) -> bool:
        name = path.parts[1] if len(path.parts) > 1 else None
        if name is None or name in self._variables:
            return True
        hint = self._report.similar(str(name), self._variables) or f'declare it: variable "{name}" {{}}'
        self._report.error(path.range, f'Unknown variable "{name}"', hint=hint)
        return False

    def _known_local(self, path: Path, *, local: bool) -> bool:
        name = path.parts[1] if len(path.parts) > 1 else None
        if not local:
            self._report.error(
                path.range,
                '"local" has no meaning here',
                "Locals are made of variables, not the other way round.",
                "make a local of the variable, and use that",
            )
            return False
        if name is None:
            hint = "name one of them: local.<name>"
            self._report.error(path.range, '"local" is no value', "It stands for all locals of the file.", hint)
            return False
        if name in self._locals:
            return True
        hint = self._report.similar(str(name), self._locals) or f"declare it: locals {{ {name} = ... }}"
        self._report.error(path.range, f'Unknown local "{name}"', hint=hint)
        return False

    def _known_each(self, path: Path, *, each: bool) -> bool:
        if not each:
            self._report.error(
                path.range,
                '"each" has no meaning here',
                "It stands for one element of for_each or one combination of matrix, inside such a job.",
            )
            return False
        if len(path.parts) > 1 and path.parts[1] not in _EACH:
            self._report.error(
                path.range, f'Unknown name "each.{path.parts[1]}"', hint="known are each.key, each.value"
            )
            return False
        return True

    def _root_hint(self, path: Path) -> str:
        name = path.root
        if name in self._variables:
            return f"write var.{name}"
        if name in self._locals:
            return f"write local.{name}"
        meant = did_you_mean(name, _ROOTS)
        if _in_template(path.range, name) and (name.isupper() or not meant):
            return f"write ${name}, or $${{{name}}} to leave it to the shell"
        return meant or "an expression can use var.<name>, local.<name>, each.key and each.value"


def _calls(expression: Expression) -> Iterator[Call]:
    """Every function call in `expression`, found by going through all parts of all nodes."""
    waiting: list[object] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node
        if isinstance(node, tuple):
            waiting.extend(node)
        elif isinstance(node, (Expression, Index, Splat)):
            waiting.extend(getattr(node, name) for name in type(node).__slots__)


def _in_template(where: Range, name: str) -> bool:
    text, start = where.source.text, where.start
    return text[start - 2 : start] == "${" and text[start + len(name) : start + len(name) + 1] == "}"
