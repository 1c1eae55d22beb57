"""Values of variables, traversals, operators, lists and objects."""

from collections.abc import Sequence

from pikoci.pkg.hcl import operations, syntax
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.evaluation import Evaluation, Scope, Stop, sentence
from pikoci.pkg.hcl.limits import ELEMENT
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.pkg.hcl.values import Deferred, UnfitValueError, Value, ValueSet, to_bool, to_string


def variable_value(run: Evaluation, node: syntax.Variable, scope: Scope) -> Value:
    """Look a name up; an unknown one that looks like the shell's gets a hint how to write that."""
    name = node.name
    level: Scope | None = scope
    while level is not None:
        if name in level.names:
            return level.names[name]
        level = level.outer
    hint = _unknown_hint(node, scope.known())
    raise run.stop("Unknown variable", f'There is no variable named "{name}".', node.range, hint)


def traversal_value(run: Evaluation, node: syntax.Traversal, scope: Scope) -> Value:
    """Take the steps of a traversal."""
    return _steps(run, run.value(node.source, scope), node.steps, scope)


def _steps(run: Evaluation, value: Value, steps: Sequence[syntax.Step], scope: Scope) -> Value:
    for step in steps:
        try:
            if isinstance(step, syntax.Attr):
                value = operations.attribute(value, step.name)
            elif isinstance(step, syntax.Index):
                value = operations.index(value, run.value(step.key, scope))
            else:
                value = _splat(run, value, step, scope)
        except operations.LookupFailure as failure:
            raise run.stop(failure.summary, failure.detail, step.range, failure.hint) from failure
    return value


def _splat(run: Evaluation, value: Value, step: syntax.Splat, scope: Scope) -> Value:
    if isinstance(value, Deferred):
        raise run.stop("Invalid splat", f"{value.misuse()}.", step.range)
    if value is None:
        return []
    items = list(value) if isinstance(value, list | ValueSet) else [value]
    run.spend(len(items) * ELEMENT, step.range)
    return [_steps(run, item, step.steps, scope) for item in items]


def unary_value(run: Evaluation, node: syntax.Unary, scope: Scope) -> Value:
    """Apply `-` or `!`."""
    operand = run.value(node.operand, scope)
    try:
        return operations.negate(operand) if node.operator == "-" else not to_bool(operand)
    except UnfitValueError as cause:
        raise run.stop("Invalid operand", sentence(cause), node.operand.range) from cause


def binary_value(run: Evaluation, node: syntax.Binary, scope: Scope) -> Value:
    """Apply binary operators; a chain of them is walked in a loop, so that its length does not matter."""
    spine = [node]
    while type(left := spine[-1].left) is syntax.Binary:
        spine.append(left)
    innermost = spine[-1]
    try:
        value: Value = run.value(innermost.left, scope)
    except Stop:
        for step in reversed(spine):  # the errors on the right are worth knowing too
            _report_only(run, step.right, scope)
        raise
    for step in reversed(spine):
        value = _operate(run, step, value, scope)
    return value


def _report_only(run: Evaluation, node: syntax.Expression, scope: Scope) -> None:
    try:
        run.value(node, scope)
    except Stop:
        return


def _operate(run: Evaluation, node: syntax.Binary, left: Value, scope: Scope) -> Value:
    if node.operator in ("&&", "||"):
        decided = node.operator == "||"
        if truth(run, left, node.left.range, "Invalid operand") is decided:
            return decided
        return truth(run, run.value(node.right, scope), node.right.range, "Invalid operand")
    right = run.value(node.right, scope)
    if node.operator in {"==", "!="}:
        run.look_at([left, right], node.range)
    try:
        return operations.BINARY[node.operator](left, right)
    except operations.OperandFailure as cause:
        side = node.right if cause.right else node.left
        raise run.stop("Invalid operand", sentence(cause), side.range) from cause


def truth(run: Evaluation, value: Value, where: Range, summary: str = "Invalid condition") -> bool:
    """Return a value as the bool that a condition needs."""
    try:
        return to_bool(value)
    except UnfitValueError as cause:
        raise run.stop(summary, sentence(cause), where) from cause


def conditional_value(run: Evaluation, node: syntax.Conditional, scope: Scope) -> Value:
    """Return the chosen branch in the type both share; the other one's errors don't count."""
    chosen, other = node.yes, node.no
    if not truth(run, run.value(node.condition, scope), node.condition.range):
        chosen, other = other, chosen
    value = run.value(chosen, scope)
    try:
        unlike = run.tried(other, scope)
    except UnfitValueError:
        return value
    run.look_at([value, unlike], node.range)
    try:
        return operations.unify(value, unlike)
    except UnfitValueError as cause:
        where = node.yes.range.to(node.no.range)
        raise run.stop("Inconsistent conditional", sentence(cause), where) from cause


def tuple_value(run: Evaluation, node: syntax.Tuple, scope: Scope) -> Value:
    """Build a list."""
    run.spend((1 + len(node.items)) * ELEMENT, node.range)
    return run.values(node.items, scope)


def object_value(run: Evaluation, node: syntax.Object, scope: Scope) -> Value:
    """Build an object; a key given twice takes the last value."""
    made: dict[str, Value] = {}
    failed = False
    for key, item in node.items:
        try:
            if isinstance(key, syntax.Traversal) and isinstance(key.source, syntax.Variable):
                hint = "put it in parentheses if it is a reference, in quotes if it is a name with dots"
                raise run.stop("Ambiguous key", "This could be a reference or a name.", key.range, hint)
            name = key_of(run, key, scope)
            made[name] = run.value(item, scope)
        except Stop:
            failed = True
    if failed:
        raise Stop
    run.spend((1 + len(made)) * ELEMENT, node.range)
    return made


def key_of(run: Evaluation, node: syntax.Expression, scope: Scope) -> str:
    """Return the value of an expression as the name of an attribute."""
    try:
        return to_string(run.value(node, scope))
    except UnfitValueError as cause:
        raise run.stop("Invalid key", sentence(cause), node.range) from cause


def _unknown_hint(node: syntax.Variable, known: set[str]) -> str:
    text, where = node.range.source.text, node.range
    name = node.name
    in_shell_form = text[where.start - 2 : where.start] == "${" and text[where.end : where.end + 1] == "}"
    if in_shell_form and (name.isupper() or not did_you_mean(name, known)) and "-" not in name:
        return f"write ${name}, or $${{{name}}} to leave it to the shell"
    return did_you_mean(name, known)
