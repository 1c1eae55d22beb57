"""Tokens to expression trees: recursive descent, with an operator stack for binary operators."""

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.calls import parse_call, parse_for
from pikoci.pkg.hcl.literals import parse_number, unquote
from pikoci.pkg.hcl.stream import TokenStream
from pikoci.pkg.hcl.syntax import (
    Attr,
    Binary,
    Conditional,
    Expression,
    Index,
    Literal,
    Object,
    Parentheses,
    Splat,
    Step,
    Traversal,
    Tuple,
    Unary,
    Variable,
)
from pikoci.pkg.hcl.templates import parse_template

_LEVELS = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    ">": 4,
    ">=": 4,
    "<": 4,
    "<=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_KEYWORDS = {"true": True, "false": False, "null": None}


class ExpressionParser(TokenStream):
    """Parses expressions; raises `Failure` where one can't go on."""

    def expression(self) -> Expression:
        """Parse any expression."""
        self.enter()
        condition = self._binary()
        if self.kind == "?":
            self.advance()
            yes = self.expression()
            if self.kind != ":":
                self.fail("Missing false expression in conditional", hint="write condition ? value : other value")
            self.advance()
            no = self.expression()
            condition = Conditional(condition.range.to(no.range), condition, yes, no)
        self.depth -= 1
        return condition

    def _binary(self) -> Expression:
        first = self._operand()
        level = _LEVELS.get(self.kind)
        if level is None:
            return first
        operands, operators = [first], list[str]()
        while level is not None:
            while operators and _LEVELS[operators[-1]] >= level:
                _reduce(operands, operators)
            operators.append(self.kind)
            self.advance()
            operands.append(self._operand())
            level = _LEVELS.get(self.kind)
        while operators:
            _reduce(operands, operators)
        return operands[0]

    def _operand(self) -> Expression:
        if self.kind in ("-", "!"):
            start = self.starts[self.index]
            operator = self.kind
            self.enter()
            self.advance()
            operand = self._operand()
            self.depth -= 1
            return Unary(self.since(start), operator, operand)
        term = self._term()
        if self.kind in (".", "["):
            steps = self._steps()
            return Traversal(self.since(term.range.start), term, steps)
        return term

    def _steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            if self.kind == ".":
                steps.append(self._dot())
            elif self.kind == "[":
                steps.append(self._bracket())
            else:
                return tuple(steps)

    def _dot(self) -> Step:
        start = self.starts[self.advance()]
        if self.kind == "*":
            self.advance()
            steps: list[Step] = []
            while self.kind == ".":
                dot = self.starts[self.advance()]
                steps.append(self._member(dot))
            return Splat(self.since(start), tuple(steps))
        return self._member(start)

    def _member(self, start: int) -> Step:
        index = self.index
        if self.kind == lexer.NAME:
            self.advance()
            return Attr(self.since(start), self.text(index))
        if self.kind == lexer.NUMBER:
            if "." in (text := self.text(index)):
                hint = f"write [{text.replace('.', '][')}]"
                self.fail("Invalid legacy index", "Two indexes after dots can't be chained.", hint=hint)
            self.advance()
            key = Literal(self.range_of(index), parse_number(self, index))
            return Index(self.since(start), key)
        raise self.failure("Invalid attribute name", "A name is required after a dot.")

    def _bracket(self) -> Step:
        start = self.starts[self.advance()]
        if self.kind == "*":
            self.advance()
            self._close("]", "splat", start)
            self.enter()
            steps = self._steps()
            self.depth -= 1
            return Splat(self.since(start), steps)
        before = self.heed_newlines(False)
        key = self.expression()
        self._close("]", "index", start)
        self.heed_newlines(before)
        return Index(self.since(start), key)

    def _close(self, bracket: str, what: str, start: int) -> None:
        if self.kind != bracket:
            hint = f'end it with "{bracket}"'
            self.fail(f"Missing {bracket}", self._opened(what, start), hint=hint)
        self.advance()

    def _opened(self, what: str, start: int) -> str:
        """Say what isn't complete here; where it started too, if that is on another line."""
        line = self.source.line_of(start)
        since = "" if line == self.source.line_of(self.starts[self.index]) else f" that starts on line {line}"
        return f"This is no part of the {what}{since}."

    def _term(self) -> Expression:
        kind = self.kind
        if kind == lexer.STRING:
            index = self.advance()
            start, end = self.starts[index] + 1, self.ends[index] - 1
            return Literal(self.range_of(index), unquote(self, self.source.text[start:end], start))
        if kind == lexer.NAME:
            return self._name()
        if kind == lexer.NUMBER:
            index = self.advance()
            return Literal(self.range_of(index), parse_number(self, index))
        if kind in (lexer.OPEN_QUOTE, lexer.OPEN_HEREDOC):
            return parse_template(self)
        if kind == "[":
            return self._tuple()
        if kind == "{":
            return self._object()
        if kind == "(":
            start = self.starts[self.advance()]
            before = self.heed_newlines(False)
            inner = self.expression()
            self._close(")", "expression in parentheses", start)
            self.heed_newlines(before)
            return Parentheses(self.since(start), inner)
        found = "the end of the file" if kind == lexer.EOF else "the end of the line" if kind == lexer.NEWLINE else kind
        raise self.failure("Missing expression", f"A value is expected here, but {found} was found.")

    def _name(self) -> Expression:
        index = self.advance()
        if self.kind in ("(", "::"):
            return parse_call(self, index)
        name = self.text(index)
        if name in _KEYWORDS:
            return Literal(self.range_of(index), _KEYWORDS[name])
        return Variable(self.range_of(index), name)

    def _tuple(self) -> Expression:
        start = self.starts[self.advance()]
        before = self.heed_newlines(False)
        items: list[Expression] = []
        if self.at_word("for"):
            return parse_for(self, start, "]", before)
        while self.kind != "]":
            items.append(self.expression())
            if self.kind != ",":
                break
            self.advance()
        if self.kind not in ("]", lexer.EOF):
            hint = "separate list items by commas, and end the list with ]"
            self.fail("Missing item separator", self._opened("list", start), hint=hint)
        self._close("]", "list", start)
        self.heed_newlines(before)
        return Tuple(self.since(start), tuple(items))

    def _object(self) -> Expression:
        start = self.starts[self.advance()]
        before = self.heed_newlines(False)
        if self.at_word("for"):
            return parse_for(self, start, "}", before)
        self.heed_newlines(True)
        items: list[tuple[Expression, Expression]] = []
        while True:
            while self.kind == lexer.NEWLINE:
                self.advance()
            if self.kind == "}":
                break
            items.append(self._object_item())
            if self.kind not in (",", lexer.NEWLINE):
                break
            self.advance()
        if self.kind not in ("}", lexer.EOF):
            hint = "separate attributes by commas or newlines, and end the object with }"
            self.fail("Missing attribute separator", self._opened("object", start), hint=hint)
        self._close("}", "object", start)
        self.heed_newlines(before)
        return Object(self.since(start), tuple(items))

    def _object_item(self) -> tuple[Expression, Expression]:
        bare = self.kind == lexer.NAME
        index = self.index
        key = self.expression()
        if bare and isinstance(key, Variable | Literal):
            key = Literal(key.range, self.text(index))
        if self.kind not in ("=", ":"):
            hint = "write name = value; put a name with spaces or dots in quotes"
            self.fail("Missing attribute value", "An object attribute needs a value after an equals sign.", hint=hint)
        self.advance()
        return key, self.expression()


def _reduce(operands: list[Expression], operators: list[str]) -> None:
    right = operands.pop()
    left = operands.pop()
    operands.append(Binary(left.range.to(right.range), operators.pop(), left, right))
