"""Expression trees to values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pikoci.pkg.hcl import operations, syntax
from pikoci.pkg.hcl.calling import Function, LazyFunction, check_arity
from pikoci.pkg.hcl.diagnostics import Diagnostic, Range, error
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.pkg.hcl.values import Deferred, UnfitValueError, Value, ValueSet, to_bool, to_items, to_string

MAX_SIZE = 2_000_000
"""Elements and characters that evaluating one expression may make or look at."""


@dataclass(frozen=True, slots=True)
class EvalContext:
    """What an expression may use: variables by root name, and functions by name. Never changed by evaluating."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    functions: Mapping[str, Function | LazyFunction] = field(default_factory=dict)


class EvalResult(NamedTuple):
    """A value, None when there are errors, and the diagnostics."""

    value: Value
    diagnostics: list[Diagnostic]


def evaluate(expression: syntax.Expression, context: EvalContext) -> EvalResult:
    """Evaluate an expression. Never raises: what is wrong with it is in the diagnostics, all of it in one go."""
    if type(expression) is syntax.Literal:
        return EvalResult(expression.value, [])
    run = _Evaluation(context)
    try:
        return EvalResult(run.value(expression, _Scope(context.variables)), run.diagnostics)
    except _Stop:
        return EvalResult(None, run.diagnostics)
    except RecursionError:
        return EvalResult(None, [*run.diagnostics, error("Nested too deeply", "", expression.range)])


class _Stop(Exception):  # noqa: N818 - control flow: the error itself has been reported
    """An expression has no value; why is in the diagnostics."""


@dataclass(slots=True)
class _Scope:
    """Names and values, the nearest `for` first."""

    names: Mapping[str, Value]
    outer: "_Scope | None" = None

    def known(self) -> set[str]:
        return set(self.names) | (self.outer.known() if self.outer else set())


class _Evaluation:
    """The work on one expression: what went wrong so far, and how much may still be made."""

    def __init__(self, context: EvalContext) -> None:
        self.context = context
        self.diagnostics: list[Diagnostic] = []
        self.left = MAX_SIZE

    def value(self, node: syntax.Expression, scope: _Scope) -> Value:
        """Return the value of a node; raises `_Stop` after reporting why there is none."""
        return _HANDLERS[type(node)](self, node, scope)

    def values(self, nodes: Sequence[syntax.Expression], scope: _Scope) -> list[Value]:
        """Return the values of all nodes; the errors of all are reported before giving up."""
        found: list[Value] = []
        for node in nodes:
            try:
                found.append(self.value(node, scope))
            except _Stop:
                continue
        if len(found) < len(nodes):
            raise _Stop
        return found

    def stop(self, summary: str, detail: str, where: Range, hint: str = "") -> _Stop:
        self.diagnostics.append(error(summary, detail, where, hint))
        return _Stop()

    def spend(self, size: int, where: Range) -> None:
        self.left -= size
        if self.left < 0:
            detail = f"Evaluating it would handle more than {MAX_SIZE:,} elements and characters."
            raise self.stop("Expression too large", detail, where)

    def tried(self, node: syntax.Expression, scope: _Scope) -> Value:
        """Evaluate for a lazy function: errors are raised as `UnfitValueError` and not reported."""
        kept, self.diagnostics = self.diagnostics, []
        try:
            return self.value(node, scope)
        except _Stop as stop:
            raise UnfitValueError(str(self.diagnostics[0])) from stop
        finally:
            self.diagnostics = kept

    # --- nodes

    def literal(self, node: syntax.Literal, _: _Scope) -> Value:
        return node.value

    def wrapped(self, node: syntax.Wrapped | syntax.Parentheses, scope: _Scope) -> Value:
        return self.value(node.inner, scope)

    def variable(self, node: syntax.Variable, scope: _Scope) -> Value:
        name = node.name
        level: _Scope | None = scope
        while level is not None:
            if name in level.names:
                return level.names[name]
            level = level.outer
        hint = _unknown_hint(node, scope.known())
        raise self.stop("Unknown variable", f'There is no variable named "{name}".', node.range, hint)

    def traversal(self, node: syntax.Traversal, scope: _Scope) -> Value:
        return self.steps(self.value(node.source, scope), node.steps, scope)

    def steps(self, value: Value, steps: Sequence[syntax.Step], scope: _Scope) -> Value:
        for step in steps:
            try:
                if isinstance(step, syntax.Attr):
                    value = operations.attribute(value, step.name)
                elif isinstance(step, syntax.Index):
                    value = operations.index(value, self.value(step.key, scope))
                else:
                    value = self.splat(value, step, scope)
            except operations.LookupFailure as failure:
                raise self.stop(failure.summary, failure.detail, step.range, failure.hint) from failure
        return value

    def splat(self, value: Value, step: syntax.Splat, scope: _Scope) -> Value:
        if isinstance(value, Deferred):
            raise self.stop("Invalid splat", f"{value.misuse()}.", step.range)
        if value is None:
            return []
        items = list(value) if isinstance(value, list | ValueSet) else [value]
        self.spend(len(items), step.range)
        return [self.steps(item, step.steps, scope) for item in items]

    def template(self, node: syntax.Template, scope: _Scope) -> Value:
        values = self.values(node.parts, scope)
        pieces = [self.piece(value, part.range) for value, part in zip(values, node.parts, strict=True)]
        return self.joined(pieces, node.range)

    def piece(self, value: Value, where: Range) -> "str | Deferred":
        if isinstance(value, str | Deferred):
            return value
        try:
            return to_string(value)
        except UnfitValueError as cause:
            hint = "use jsonencode() or join() to turn it into text" if isinstance(value, list | dict) else ""
            raise self.stop("Invalid value in a string", f"{_sentence(cause)}", where, hint) from cause

    def joined(self, pieces: "list[str | Deferred]", where: Range) -> Value:
        texts = [piece for piece in pieces if isinstance(piece, str)]
        self.spend(sum(map(len, texts)), where)
        if len(texts) == len(pieces):
            return "".join(texts)
        parts: list[Any] = []
        for piece in pieces:
            for part in piece.parts if isinstance(piece, Deferred) else (piece,):
                if isinstance(part, str) and parts and isinstance(parts[-1], str):
                    parts[-1] += part
                elif part != "":
                    parts.append(part)
        return Deferred(tuple(parts))

    def template_for(self, node: syntax.TemplateFor, scope: _Scope) -> Value:
        pieces = [self.piece(self.value(node.body, inner), node.range) for inner in self.scopes(node, scope)]
        return self.joined(pieces, node.range)

    def unary(self, node: syntax.Unary, scope: _Scope) -> Value:
        operand = self.value(node.operand, scope)
        try:
            return operations.negate(operand) if node.operator == "-" else not to_bool(operand)
        except UnfitValueError as cause:
            raise self.stop("Invalid operand", f"{_sentence(cause)}", node.operand.range) from cause

    def binary(self, node: syntax.Binary, scope: _Scope) -> Value:
        spine = [node]
        while type(left := spine[-1].left) is syntax.Binary:
            spine.append(left)
        innermost = spine[-1]
        try:
            value: Value = self.value(innermost.left, scope)
        except _Stop:
            for step in reversed(spine):  # the errors on the right are worth knowing too
                self.report_only(step.right, scope)
            raise
        for step in reversed(spine):
            value = self.operate(step, value, scope)
        return value

    def report_only(self, node: syntax.Expression, scope: _Scope) -> None:
        try:
            self.value(node, scope)
        except _Stop:
            return

    def operate(self, node: syntax.Binary, left: Value, scope: _Scope) -> Value:
        if node.operator in ("&&", "||"):
            decided = node.operator == "||"
            if self.condition(left, node.left.range, "Invalid operand") is decided:
                return decided
            return self.condition(self.value(node.right, scope), node.right.range, "Invalid operand")
        right = self.value(node.right, scope)
        try:
            return operations.BINARY[node.operator](left, right)
        except operations.OperandFailure as cause:
            side = node.right if cause.right else node.left
            raise self.stop("Invalid operand", f"{_sentence(cause)}", side.range) from cause

    def condition(self, value: Value, where: Range, summary: str = "Invalid condition") -> bool:
        try:
            return to_bool(value)
        except UnfitValueError as cause:
            raise self.stop(summary, f"{_sentence(cause)}", where) from cause

    def conditional(self, node: syntax.Conditional, scope: _Scope) -> Value:
        chosen, other = node.yes, node.no
        if not self.condition(self.value(node.condition, scope), node.condition.range):
            chosen, other = other, chosen
        value = self.value(chosen, scope)
        try:
            unlike = self.tried(other, scope)
        except UnfitValueError:
            return value
        try:
            return operations.unify(value, unlike)
        except UnfitValueError as cause:
            where = node.yes.range.to(node.no.range)
            raise self.stop("Inconsistent conditional", f"{_sentence(cause)}", where) from cause

    def tuple_(self, node: syntax.Tuple, scope: _Scope) -> Value:
        self.spend(len(node.items), node.range)
        return self.values(node.items, scope)

    def object_(self, node: syntax.Object, scope: _Scope) -> Value:
        made: dict[str, Value] = {}
        failed = False
        for key, item in node.items:
            try:
                if isinstance(key, syntax.Traversal) and isinstance(key.source, syntax.Variable):
                    hint = "put it in parentheses if it is a reference, in quotes if it is a name with dots"
                    raise self.stop("Ambiguous key", "This could be a reference or a name.", key.range, hint)
                name = self.key(key, scope)
                made[name] = self.value(item, scope)
            except _Stop:
                failed = True
        if failed:
            raise _Stop
        self.spend(len(made), node.range)
        return made

    def key(self, node: syntax.Expression, scope: _Scope) -> str:
        try:
            return to_string(self.value(node, scope))
        except UnfitValueError as cause:
            raise self.stop("Invalid key", f"{_sentence(cause)}", node.range) from cause

    def scopes(self, node: syntax.For | syntax.TemplateFor, scope: _Scope) -> list[_Scope]:
        collection = self.value(node.collection, scope)
        try:
            pairs = operations.pairs(collection)
        except UnfitValueError as cause:
            raise self.stop("Invalid collection", f"{_sentence(cause)}", node.collection.range) from cause
        self.spend(len(pairs), node.range)
        if node.key_name is None:
            return [_Scope({node.value_name: item}, scope) for _, item in pairs]
        return [_Scope({node.key_name: key, node.value_name: item}, scope) for key, item in pairs]

    def for_(self, node: syntax.For, scope: _Scope) -> Value:
        scopes = self.scopes(node, scope)
        if node.condition is not None:
            wanted = node.condition
            scopes = [
                inner for inner in scopes if self.condition(self.value(wanted, inner), wanted.range, "Invalid for")
            ]
        if node.key is None:
            return [self.value(node.value, inner) for inner in scopes]
        made: dict[str, Value] = {}
        for inner in scopes:
            name = self.key(node.key, inner)
            item = self.value(node.value, inner)
            if node.group:
                group = made.setdefault(name, [])
                assert isinstance(group, list)
                group.append(item)
            elif name in made:
                detail = f'Two elements have the key "{name}".'
                raise self.stop("Duplicate key", detail, node.key.range, "write ... after the value to group them")
            else:
                made[name] = item
        return made

    def call(self, node: syntax.Call, scope: _Scope) -> Value:
        function = self.context.functions.get(node.name)
        if function is None:
            hint = did_you_mean(node.name, self.context.functions)
            raise self.stop("Unknown function", f'There is no function "{node.name}".', node.name_range, hint)
        if isinstance(function, LazyFunction):
            return self.lazy_call(function, node, scope)
        arguments = self.values(node.arguments, scope)
        if node.expand:
            try:
                arguments[-1:] = to_items(arguments[-1])
            except UnfitValueError as cause:
                raise self.stop("Invalid argument", f"{_sentence(cause)}", node.arguments[-1].range) from cause
        if wrong := check_arity(node.name, function, len(arguments)):
            raise self.stop("Wrong number of arguments", wrong, node.range)
        self.spend(operations.measure(arguments, self.left), node.range)
        try:
            result = function(*arguments)
        except UnfitValueError as cause:
            raise self.stop(f"Error in {node.name}()", f"{_sentence(cause)}", node.range) from cause
        self.spend(operations.measure([result], self.left), node.range)
        return result

    def lazy_call(self, function: LazyFunction, node: syntax.Call, scope: _Scope) -> Value:
        thunks = [_thunk(self, argument, scope) for argument in node.arguments]
        try:
            return function.call(thunks)
        except UnfitValueError as cause:
            raise self.stop(f"Error in {node.name}()", f"{_sentence(cause)}", node.range) from cause


def _thunk(run: _Evaluation, node: syntax.Expression, scope: _Scope) -> Callable[[], Value]:
    return lambda: run.tried(node, scope)


def _sentence(cause: Exception) -> str:
    text = str(cause)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _unknown_hint(node: syntax.Variable, known: set[str]) -> str:
    text, where = node.range.source.text, node.range
    name = node.name
    in_shell_form = text[where.start - 2 : where.start] == "${" and text[where.end : where.end + 1] == "}"
    if in_shell_form and (name.isupper() or not did_you_mean(name, known)) and "-" not in name:
        return f"write ${name}, or $${{{name}}} to leave it to the shell"
    return did_you_mean(name, known)


_HANDLERS: dict[type[syntax.Expression], Callable[[_Evaluation, Any, _Scope], Value]] = {
    syntax.Literal: _Evaluation.literal,
    syntax.Wrapped: _Evaluation.wrapped,
    syntax.Parentheses: _Evaluation.wrapped,
    syntax.Variable: _Evaluation.variable,
    syntax.Traversal: _Evaluation.traversal,
    syntax.Template: _Evaluation.template,
    syntax.TemplateFor: _Evaluation.template_for,
    syntax.Unary: _Evaluation.unary,
    syntax.Binary: _Evaluation.binary,
    syntax.Conditional: _Evaluation.conditional,
    syntax.Call: _Evaluation.call,
    syntax.Tuple: _Evaluation.tuple_,
    syntax.Object: _Evaluation.object_,
    syntax.For: _Evaluation.for_,
}
