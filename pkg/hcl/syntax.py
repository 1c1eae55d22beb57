"""The syntax tree: bodies of attributes and blocks in source order, and expressions.

Nodes are plain data and never change after parsing, so a tree may be shared between threads.
"""

from collections.abc import Iterator
from decimal import Decimal

from pikoci.pkg.hcl.diagnostics import Range


class Placed:
    """Base of all nodes. The range is kept in parts: one object less for each node makes collecting garbage faster."""

    __slots__ = ("_end", "_in", "_start")

    def __init__(self, where: Range) -> None:
        self._in = where.source
        self._start = where.start
        self._end = where.end

    @property
    def range(self) -> Range:
        """The source that it was written with."""
        return Range(self._in, self._start, self._end)


class Expression(Placed):
    """Base of all expression nodes."""

    __slots__ = ()


class Literal(Expression):
    """A constant: number, bool, null, or a string without template sequences."""

    __slots__ = ("value",)

    def __init__(self, where: Range, value: str | int | Decimal | bool | None) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.value = value


class Variable(Expression):
    """A root name, the `var` of `var.image`."""

    __slots__ = ("name",)

    def __init__(self, where: Range, name: str) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.name = name


class Attr(Placed):
    """The step `.name` of a traversal."""

    __slots__ = ("name",)

    def __init__(self, where: Range, name: str) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.name = name


class Index(Placed):
    """The step `[key]` (or the old form `.0`) of a traversal."""

    __slots__ = ("key",)

    def __init__(self, where: Range, key: Expression) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.key = key


class Splat(Placed):
    """The step `[*]` or `.*`: `steps` are taken on each element."""

    __slots__ = ("steps",)

    def __init__(self, where: Range, steps: "tuple[Step, ...]") -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.steps = steps


Step = Attr | Index | Splat


class Traversal(Expression):
    """Steps taken from the value of another expression."""

    __slots__ = ("source", "steps")

    def __init__(self, where: Range, source: Expression, steps: tuple[Step, ...]) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.source = source
        self.steps = steps


class Template(Expression):
    """A string built from parts; each part is converted to a string."""

    __slots__ = ("parts",)

    def __init__(self, where: Range, parts: tuple[Expression, ...]) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.parts = parts


class Wrapped(Expression):
    """A template of one interpolation only, `"${x}"`: it has the value of `x`, of whatever type."""

    __slots__ = ("inner",)

    def __init__(self, where: Range, inner: Expression) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.inner = inner


class TemplateFor(Expression):
    """`%{ for k, v in c }body%{ endfor }`: the bodies of all elements joined."""

    __slots__ = ("body", "collection", "key_name", "value_name")

    def __init__(
        self, where: Range, key_name: str | None, value_name: str, collection: Expression, body: Expression
    ) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.key_name = key_name
        self.value_name = value_name
        self.collection = collection
        self.body = body


class Parentheses(Expression):
    """An expression in parentheses."""

    __slots__ = ("inner",)

    def __init__(self, where: Range, inner: Expression) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.inner = inner


class Unary(Expression):
    """`-x` or `!x`."""

    __slots__ = ("operand", "operator")

    def __init__(self, where: Range, operator: str, operand: Expression) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.operator = operator
        self.operand = operand


class Binary(Expression):
    """An operator between two expressions."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, where: Range, operator: str, left: Expression, right: Expression) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.operator = operator
        self.left = left
        self.right = right


class Conditional(Expression):
    """`condition ? yes : no`, and `%{ if }` in a template."""

    __slots__ = ("condition", "no", "yes")

    def __init__(self, where: Range, condition: Expression, yes: Expression, no: Expression) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.condition = condition
        self.yes = yes
        self.no = no


class Call(Expression):
    """A function call; with `expand`, the last argument is a list that is spread."""

    __slots__ = ("arguments", "expand", "name", "name_range")

    def __init__(
        self, where: Range, name: str, name_range: Range, arguments: tuple[Expression, ...], expand: bool
    ) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.name = name
        self.name_range = name_range
        self.arguments = arguments
        self.expand = expand


class Tuple(Expression):
    """`[a, b]`."""

    __slots__ = ("items",)

    def __init__(self, where: Range, items: tuple[Expression, ...]) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.items = items


class Object(Expression):
    """`{ a = 1 }`; a bare name as key is already a `Literal`."""

    __slots__ = ("items",)

    def __init__(self, where: Range, items: tuple[tuple[Expression, Expression], ...]) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.items = items


class For(Expression):
    """`[for v in c : value if cond]`, or with `key` an object: `{for k, v in c : key => value... if cond}`."""

    __slots__ = ("collection", "condition", "group", "key", "key_name", "value", "value_name")

    def __init__(
        self,
        where: Range,
        names: tuple[str | None, str],
        collection: Expression,
        result: tuple[Expression | None, Expression],
        group: bool,
        condition: Expression | None,
    ) -> None:
        self._in, self._start, self._end = where.source, where.start, where.end
        self.key_name, self.value_name = names
        self.collection = collection
        self.key, self.value = result
        self.group = group
        self.condition = condition


class Attribute(Placed):
    """`name = expression`."""

    __slots__ = ("expr", "name")

    def __init__(self, where: Range, name: str, expr: Expression) -> None:
        super().__init__(where)
        self.name = name
        self.expr = expr

    @property
    def name_range(self) -> Range:
        """Where the name is."""
        return Range(self._in, self._start, self._start + len(self.name))


class Block(Placed):
    """`type "label" { body }`; `range` is the header, up to the opening brace."""

    __slots__ = ("_label_places", "body", "labels", "type")

    def __init__(
        self, where: Range, block_type: str, labels: tuple[str, ...], label_places: tuple[int, ...], body: "Body"
    ) -> None:
        super().__init__(where)
        self.type = block_type
        self.labels = labels
        self._label_places = label_places
        self.body = body

    @property
    def type_range(self) -> Range:
        """Where the type is."""
        return Range(self._in, self._start, self._start + len(self.type))

    @property
    def label_ranges(self) -> tuple[Range, ...]:
        """Where the labels are, with their quotes."""
        places = self._label_places
        return tuple([Range(self._in, *places[at : at + 2]) for at in range(0, len(places), 2)])


class Body(Placed):
    """Attributes and blocks, in the order they were written."""

    __slots__ = ("items",)

    def __init__(self, where: Range, items: tuple[Attribute | Block, ...]) -> None:
        super().__init__(where)
        self.items = items

    @property
    def attributes(self) -> dict[str, Attribute]:
        """The attributes by name, in source order."""
        return {item.name: item for item in self.items if isinstance(item, Attribute)}

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, in source order."""
        return tuple([item for item in self.items if isinstance(item, Block)])

    def blocks_of(self, block_type: str) -> tuple[Block, ...]:
        """Return the blocks of a type, in source order."""
        return tuple([block for block in self.blocks if block.type == block_type])

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of that name, or None."""
        for item in self.items:
            if isinstance(item, Attribute) and item.name == name:
                return item
        return None

    def __iter__(self) -> Iterator[Attribute | Block]:
        return iter(self.items)
