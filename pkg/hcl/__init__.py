"""HCL2: parser, evaluator and functions with diagnostics.

    body, diagnostics = parse(text, "ci.hcl")
    context = EvalContext({"var": {"tag": "1.2"}}, standard_functions(clock))
    value, more = evaluate(body.attributes["image"].expr, context)
    print(render(diagnostics + more))

Nothing here keeps state or does I/O: every call may run on any thread.
"""

from pikoci.pkg.hcl.calling import Function, LazyFunction
from pikoci.pkg.hcl.diagnostics import Diagnostic, Range, Severity, Source, error, has_errors, render
from pikoci.pkg.hcl.evaluation import EvalContext
from pikoci.pkg.hcl.evaluator import EvalResult, evaluate
from pikoci.pkg.hcl.format import FormatResult, format_source
from pikoci.pkg.hcl.functions import FUNCTIONS, standard_functions
from pikoci.pkg.hcl.parser import ExpressionResult, ParseResult, parse, parse_expression
from pikoci.pkg.hcl.static import Path, keyword, traversals, variables
from pikoci.pkg.hcl.suggestions import closest, did_you_mean
from pikoci.pkg.hcl.syntax import Attribute, Block, Body, Expression
from pikoci.pkg.hcl.values import Deferred, Reference, UnfitValueError, Value, ValueSet

__all__ = [
    "FUNCTIONS",
    "Attribute",
    "Block",
    "Body",
    "Deferred",
    "Diagnostic",
    "EvalContext",
    "EvalResult",
    "Expression",
    "ExpressionResult",
    "FormatResult",
    "Function",
    "LazyFunction",
    "ParseResult",
    "Path",
    "Range",
    "Reference",
    "Severity",
    "Source",
    "UnfitValueError",
    "Value",
    "ValueSet",
    "closest",
    "did_you_mean",
    "error",
    "evaluate",
    "format_source",
    "has_errors",
    "keyword",
    "parse",
    "parse_expression",
    "render",
    "standard_functions",
    "traversals",
    "variables",
]
