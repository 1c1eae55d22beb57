"""Values of templates, `for` expressions and function calls."""

from collections.abc import Callable, Iterator
from typing import Any

from pikoci.pkg.hcl import operations, syntax
from pikoci.pkg.hcl.calling import LazyFunction, check_arity
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.evaluate_operators import key_of, truth
from pikoci.pkg.hcl.evaluation import Evaluation, Scope, sentence
from pikoci.pkg.hcl.limits import ELEMENT
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.pkg.hcl.values import Deferred, UnfitValueError, Value, to_items, to_string


def _piece(run: Evaluation, value: Value, where: Range) -> str | Deferred:
    if isinstance(value, str | Deferred):
        return value
    try:
        return to_string(value)
    except UnfitValueError as cause:
        hint = "use jsonencode() or join() to turn it into text" if isinstance(value, list | dict) else ""
        raise run.stop("Invalid value in a string", sentence(cause), where, hint) from cause


def _joined(run: Evaluation, pieces: list[str | Deferred], where: Range) -> Value:
    texts = [piece for piece in pieces if isinstance(piece, str)]
    run.spend(sum(len(piece) if isinstance(piece, str) else piece.size for piece in pieces), where)
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


def template_value(run: Evaluation, node: syntax.Template, scope: Scope) -> Value:
    """Join the parts of a template."""
    values = run.values(node.parts, scope)
    pieces = [_piece(run, value, part.range) for value, part in zip(values, node.parts, strict=True)]
    return _joined(run, pieces, node.range)


def template_for_value(run: Evaluation, node: syntax.TemplateFor, scope: Scope) -> Value:
    """Join the bodies of a `for` directive."""
    pieces = [_piece(run, run.value(node.body, inner), node.range) for inner in _scopes(run, node, scope)]
    return _joined(run, pieces, node.range)


def _scopes(run: Evaluation, node: syntax.For | syntax.TemplateFor, scope: Scope) -> Iterator[Scope]:
    """The scope of each element that the condition, if there is one, lets through."""
    collection = run.value(node.collection, scope)
    try:
        pairs = operations.pairs(collection)
    except UnfitValueError as cause:
        raise run.stop("Invalid collection", sentence(cause), node.collection.range) from cause
    run.spend(len(pairs) * ELEMENT, node.range)
    condition = node.condition if isinstance(node, syntax.For) else None
    for key, item in pairs:
        names = {node.value_name: item} if node.key_name is None else {node.key_name: key, node.value_name: item}
        inner = Scope(names, scope)
        if condition is None or truth(run, run.value(condition, inner), condition.range, "Invalid for"):
            yield inner


def for_value(run: Evaluation, node: syntax.For, scope: Scope) -> Value:
    """Build a list or an object of the elements of another."""
    if node.key is None:
        return [run.value(node.value, inner) for inner in _scopes(run, node, scope)]
    made: dict[str, Value] = {}
    for inner in _scopes(run, node, scope):
        name = key_of(run, node.key, inner)
        item = run.value(node.value, inner)
        if node.group:
            group = made.setdefault(name, [])
            assert isinstance(group, list)
            group.append(item)
        elif name in made:
            detail = f'Two elements have the key "{name}".'
            raise run.stop("Duplicate key", detail, node.key.range, "write ... after the value to group them")
        else:
            made[name] = item
    return made


def call_value(run: Evaluation, node: syntax.Call, scope: Scope) -> Value:
    """Call a function."""
    function = run.context.functions.get(node.name)
    if function is None:
        hint = did_you_mean(node.name, run.context.functions)
        raise run.stop("Unknown function", f'There is no function "{node.name}".', node.name_range, hint)
    if isinstance(function, LazyFunction):
        return _lazy_call(run, function, node, scope)
    arguments = run.values(node.arguments, scope)
    if node.expand:
        try:
            arguments[-1:] = to_items(arguments[-1])
        except UnfitValueError as cause:
            raise run.stop("Invalid argument", sentence(cause), node.arguments[-1].range) from cause
    if wrong := check_arity(node.name, function, len(arguments)):
        raise run.stop("Wrong number of arguments", wrong, node.range)
    run.look_at(arguments, node.range)
    try:
        result = function(*arguments)
    except UnfitValueError as cause:
        raise run.stop(f"Error in {node.name}()", sentence(cause), node.range) from cause
    run.look_at([result], node.range)
    return result


def _lazy_call(run: Evaluation, function: LazyFunction, node: syntax.Call, scope: Scope) -> Value:
    thunks = [_thunk(run, argument, scope) for argument in node.arguments]
    try:
        return function.call(thunks)
    except UnfitValueError as cause:
        raise run.stop(f"Error in {node.name}()", sentence(cause), node.range) from cause


def _thunk(run: Evaluation, node: syntax.Expression, scope: Scope) -> Callable[[], Value]:
    return lambda: run.tried(node, scope)
