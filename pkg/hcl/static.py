"""What can be told of an expression without evaluating it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pikoci.pkg.hcl import syntax
from pikoci.pkg.hcl.diagnostics import Range

_KEYWORDS = {True: "true", False: "false", None: "null"}


@dataclass(frozen=True, slots=True)
class Path:
    """A use of a variable: `var.image[0]` is `("var", "image", 0)`, up to the first step that isn't constant."""

    parts: tuple[str | int, ...]
    range: Range

    @property
    def root(self) -> str:
        """The variable's name."""
        return str(self.parts[0])


def keyword(expression: syntax.Expression) -> str | None:
    """Return the bare word that an expression is, such as the `string` of `type = string`; None if it is more."""
    if isinstance(expression, syntax.Variable):
        return expression.name
    if isinstance(expression, syntax.Literal) and (expression.value is None or isinstance(expression.value, bool)):
        return _KEYWORDS[expression.value]
    return None


def traversals(expression: syntax.Expression) -> list[Path]:
    """Return every use of a variable, in source order; names bound by a `for` inside are left out."""
    return sorted(_uses(expression), key=lambda path: path.range.start)


def variables(expression: syntax.Expression) -> set[str]:
    """Return the root names of the variables that an expression uses."""
    return {path.root for path in _uses(expression)}


_Waiting = tuple[syntax.Expression, frozenset[str]]


def _uses(expression: syntax.Expression) -> Iterator[Path]:
    waiting: list[_Waiting] = [(expression, frozenset())]
    while waiting:
        node, bound = waiting.pop()
        if isinstance(node, syntax.Variable):
            if node.name not in bound:
                yield Path((node.name,), node.range)
        elif isinstance(node, syntax.Traversal):
            waiting += [(key, bound) for key in _keys(node.steps)]
            if not isinstance(node.source, syntax.Variable):
                waiting.append((node.source, bound))
            elif node.source.name not in bound:
                yield _path(node.source, node.steps)
        elif isinstance(node, syntax.For | syntax.TemplateFor):
            waiting += _for_children(node, bound)
        else:
            waiting += [(child, bound) for child in _children(node)]


def _path(source: syntax.Variable, steps: tuple[syntax.Step, ...]) -> Path:
    parts: list[str | int] = [source.name]
    where = source.range
    for step in steps:
        if isinstance(step, syntax.Attr):
            parts.append(step.name)
        elif (
            isinstance(step, syntax.Index)
            and isinstance(step.key, syntax.Literal)
            and isinstance(step.key.value, str | int)
        ):
            parts.append(step.key.value)
        else:
            break
        where = where.to(step.range)
    return Path(tuple(parts), where)


def _keys(steps: tuple[syntax.Step, ...]) -> Iterator[syntax.Expression]:
    for step in steps:
        if isinstance(step, syntax.Index):
            yield step.key
        elif isinstance(step, syntax.Splat):
            yield from _keys(step.steps)


def _for_children(node: syntax.For | syntax.TemplateFor, bound: frozenset[str]) -> list[_Waiting]:
    inner = bound | {node.value_name} | ({node.key_name} if node.key_name else set())
    if isinstance(node, syntax.TemplateFor):
        return [(node.collection, bound), (node.body, inner)]
    parts = [part for part in (node.key, node.value, node.condition) if part is not None]
    return [(node.collection, bound), *((part, inner) for part in parts)]


def _children(node: syntax.Expression) -> tuple[syntax.Expression, ...]:
    if isinstance(node, syntax.Template):
        return node.parts
    if isinstance(node, syntax.Wrapped | syntax.Parentheses):
        return (node.inner,)
    if isinstance(node, syntax.Unary):
        return (node.operand,)
    if isinstance(node, syntax.Binary):
        return (node.left, node.right)
    if isinstance(node, syntax.Conditional):
        return (node.condition, node.yes, node.no)
    if isinstance(node, syntax.Call):
        return node.arguments
    if isinstance(node, syntax.Tuple):
        return node.items
    if isinstance(node, syntax.Object):
        return tuple(part for item in node.items for part in item)
    return ()
