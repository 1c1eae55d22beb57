"""Expression trees to values."""

from collections.abc import Mapping
from typing import NamedTuple

from pikoci.pkg.hcl import evaluate_compound as compound
from pikoci.pkg.hcl import evaluate_operators as operators
from pikoci.pkg.hcl import syntax
from pikoci.pkg.hcl.diagnostics import Diagnostic, error
from pikoci.pkg.hcl.evaluation import EvalContext, Evaluation, Handler, Scope, Stop
from pikoci.pkg.hcl.limits import MAX_SIZE
from pikoci.pkg.hcl.values import Value


class EvalResult(NamedTuple):
    """A value, None when there are errors, and the diagnostics."""

    value: Value
    diagnostics: list[Diagnostic]


def evaluate(expression: syntax.Expression, context: EvalContext) -> EvalResult:
    """Evaluate an expression. Never raises: what is wrong with it is in the diagnostics, all of it in one go."""
    if type(expression) is syntax.Literal:
        return EvalResult(expression.value, [])
    run = Evaluation(context, _HANDLERS)
    try:
        value = run.value(expression, Scope(context.variables))
        if isinstance(value, list | dict):
            run.left = MAX_SIZE
            run.look_at([value], expression.range)
        return EvalResult(value, run.diagnostics)
    except Stop:
        return EvalResult(None, run.diagnostics)
    except RecursionError:
        return EvalResult(None, [*run.diagnostics, error("Nested too deeply", "", expression.range)])


_HANDLERS: Mapping[type[syntax.Expression], Handler] = {
    syntax.Literal: lambda _run, node, _scope: node.value,
    syntax.Wrapped: lambda run, node, scope: run.value(node.inner, scope),
    syntax.Parentheses: lambda run, node, scope: run.value(node.inner, scope),
    syntax.Variable: operators.variable_value,
    syntax.Traversal: operators.traversal_value,
    syntax.Unary: operators.unary_value,
    syntax.Binary: operators.binary_value,
    syntax.Conditional: operators.conditional_value,
    syntax.Tuple: operators.tuple_value,
    syntax.Object: operators.object_value,
    syntax.Template: compound.template_value,
    syntax.TemplateFor: compound.template_for_value,
    syntax.For: compound.for_value,
    syntax.Call: compound.call_value,
}
