"""Quoted and heredoc templates: literal text, interpolations, directives, strip markers, indented heredocs."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.calls import parse_names
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.literals import heredoc_text, unquote
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.pkg.hcl.syntax import Conditional, Expression, Literal, Template, TemplateFor, Wrapped

if TYPE_CHECKING:
    from pikoci.pkg.hcl.expressions import ExpressionParser

_INDENT = re.compile(r"^[^\S\n]*(?=\S)", re.MULTILINE)
_DIRECTIVES = ("if", "else", "endif", "for", "endfor")


@dataclass(slots=True)
class _Text:
    value: str
    where: Range


@dataclass(slots=True)
class _Interpolation:
    value: Expression
    where: Range


@dataclass(slots=True)
class _Directive:
    word: str
    where: Range
    names: tuple[str | None, str] = (None, "")
    value: Expression | None = None


_Part = _Text | _Interpolation | _Directive


def parse_template(parser: "ExpressionParser") -> Expression:
    """Parse a quoted or heredoc template, from its opening token."""
    opening = parser.advance()
    heredoc = parser.kinds[opening] == lexer.OPEN_HEREDOC
    closer = lexer.CLOSE_HEREDOC if heredoc else lexer.CLOSE_QUOTE
    parts = _parts(parser, opening, closer)
    where = parser.since(parser.starts[opening])
    if heredoc and parser.text(opening).startswith("<<-"):
        _dedent(parts)
    if len(parts) == 1 and isinstance(parts[0], _Interpolation):
        return Wrapped(where, parts[0].value)
    return _join(where, _Tree(parser, parts).root())


def _parts(parser: "ExpressionParser", opening: int, closer: str) -> list[_Part]:
    parts: list[_Part] = []
    trim_next = False
    while parser.kind != closer:
        kind = parser.kind
        if kind in (lexer.QUOTED, lexer.TEXT):
            parts += _texts(parser, trim_next)
            trim_next = False
        elif kind in (lexer.INTERPOLATION, lexer.DIRECTIVE):
            part, trim_next = _sequence(parser, parts)
            parts.append(part)
        else:
            what = "heredoc" if closer == lexer.CLOSE_HEREDOC else "string"
            hint = _unterminated_hint(parser, opening)
            parser.fail(f"Unterminated {what}", "Its end was not found.", parser.range_of(opening), hint)
    parser.advance()
    return parts


def _unterminated_hint(parser: "ExpressionParser", opening: int) -> str:
    if parser.kinds[opening] == lexer.OPEN_QUOTE:
        return 'close it with "'
    marker = parser.text(opening).strip("<-\r\n")
    return f"put {marker} on a line of its own at the end, followed by a newline"


def _texts(parser: "ExpressionParser", trim: bool) -> list[_Text]:
    index = parser.advance()
    start, text = parser.starts[index], parser.text(index)
    if parser.kinds[index] == lexer.QUOTED:
        value = unquote(parser, text, start)
        return [_Text(value.lstrip() if trim else value, parser.range_of(index))]
    found = [
        _Text(heredoc_text(part), Range(parser.source, start + offset, start + offset + len(part)))
        for part, offset in _first_middle_last(text)
    ]
    if trim:
        found[0].value = found[0].value.lstrip()
    return found


def _first_middle_last(text: str) -> list[tuple[str, int]]:
    """Split off the lines that strip markers stop at; each part with its offset, empty ones left out."""
    first = text.find("\n") + 1 or len(text)
    last = max(first, text.rfind("\n", 0, len(text) - 1) + 1)
    bounds = (0, first, last, len(text))
    return [(text[start:end], start) for start, end in pairwise(bounds) if start < end]


def _sequence(parser: "ExpressionParser", parts: list[_Part]) -> tuple[_Part, bool]:
    opening = parser.index
    if parser.text(opening).endswith("~") and parts and isinstance(parts[-1], _Text):
        parts[-1].value = parts[-1].value.rstrip()
    before = parser.heed_newlines(False)
    parser.advance()
    part: _Part
    if parser.kinds[opening] == lexer.INTERPOLATION:
        value = parser.expression()
        part = _Interpolation(value, value.range)
    else:
        part = _directive(parser, opening)
    if parser.kind != lexer.END_SEQUENCE:
        opened = parser.range_of(opening)
        hint = "close it with }, or double its $ or % if the shell is meant to see it: $${"
        if parser.kind in (lexer.EOF, lexer.CLOSE_QUOTE, lexer.OPEN_QUOTE, lexer.STRING):
            parser.fail("Unclosed template sequence", "Its closing brace was not found.", opened, hint)
        parser.fail("Extra characters in template sequence", "A closing brace is expected here.", hint=hint)
    closing = parser.index
    parser.newlines = before  # text follows, never a newline token
    parser.advance()
    return part, parser.text(closing).startswith("~")


def _directive(parser: "ExpressionParser", opening: int) -> _Directive:
    if parser.kind != lexer.NAME:
        parser.fail("Invalid template directive", "A word such as if or for is expected after %{.")
    index = parser.index
    word = parser.text(index)
    if word not in _DIRECTIVES:
        hint = did_you_mean(word, _DIRECTIVES) or "write %%{ for a literal %{"
        parser.fail("Invalid template directive", f'There is no directive "{word}".', hint=hint)
    parser.advance()
    part = _Directive(word, Range(parser.source, parser.starts[opening], parser.ends[index]))
    if word == "if":
        part.value = parser.expression()
    elif word == "for":
        part.names = parse_names(parser)
        part.value = parser.expression()
    return part


def _dedent(parts: list[_Part]) -> None:
    """Remove the indentation that all lines share; blank lines don't count and stay as they are."""
    smallest: int | None = None
    indented: list[tuple[_Text, int]] = []
    line_start = True
    for part in parts:
        indent = 0 if line_start else None
        if isinstance(part, _Text):
            # Where the first of its lines begins that does not go on with what is before.
            start = 0 if line_start else part.value.find("\n") + 1 or len(part.value)
            if line_start or start < len(part.value):
                indent = _indent(part.value[start:])
                indented.append((part, start))
        if indent is not None:
            smallest = indent if smallest is None else min(smallest, indent)
        line_start = isinstance(part, _Text) and part.value.endswith("\n")
    if smallest:
        shared = re.compile(rf"^[^\S\n]{{{smallest}}}(?=[^\S\n]*(?:\S|\Z))", re.MULTILINE)
        for text, start in indented:
            text.value = text.value[:start] + shared.sub("", text.value[start:])


def _indent(text: str) -> int | None:
    """The smallest indentation of the lines in a text; None where all of them are blank, with their ends."""
    indents = (len(found[0]) for found in _INDENT.finditer(text))
    return min(indents, default=None if text.endswith("\n") else len(text))


class _Tree:
    """Pairs the directives of a flat list of parts."""

    def __init__(self, parser: "ExpressionParser", parts: list[_Part]) -> None:
        self.parser = parser
        self.parts = parts
        self.next = 0

    def root(self) -> list[Expression]:
        return self._until(None)

    def _until(self, opener: _Directive | None, *closers: str) -> list[Expression]:
        """Collect expressions up to one of the closing directives, which stays the next part."""
        found: list[Expression] = []
        text: list[_Text] = []
        while self.next < len(self.parts):
            part = self.parts[self.next]
            if isinstance(part, _Text):
                text.append(part)
                self.next += 1
                continue
            _flush(found, text)
            if isinstance(part, _Interpolation):
                self.next += 1
                found.append(part.value)
            elif part.word in closers:
                return found
            else:
                found.append(self._control(part))
        _flush(found, text)
        if opener is not None:
            self._unclosed(opener)
        return found

    def _control(self, part: _Directive) -> Expression:
        if part.value is None:
            hint = "each if needs its endif and each for its endfor; only an if has one else"
            self.parser.fail(f"Unexpected {part.word}", "There is nothing that it could belong to.", part.where, hint)
        self.parser.enter()
        self.next += 1
        made = self._for(part, part.value) if part.word == "for" else self._if(part, part.value)
        self.next += 1
        self.parser.depth -= 1
        return made

    def _if(self, opener: _Directive, condition: Expression) -> Expression:
        yes = _join(opener.where, self._until(opener, "else", "endif"))
        no: Expression = Literal(opener.where, "")
        if self._at("else"):
            self.next += 1
            no = _join(opener.where, self._until(opener, "endif"))
        return Conditional(opener.where, condition, yes, no)

    def _for(self, opener: _Directive, collection: Expression) -> Expression:
        body = _join(opener.where, self._until(opener, "endfor"))
        return TemplateFor(opener.where, *opener.names, collection, body)

    def _at(self, word: str) -> bool:
        part = self.parts[self.next]
        return isinstance(part, _Directive) and part.word == word

    def _unclosed(self, opener: _Directive) -> None:
        hint = f"end it with %{{ end{opener.word} }}"
        self.parser.fail(f"Unclosed {opener.word}", "The template ends before it does.", opener.where, hint)


def _flush(found: list[Expression], text: list[_Text]) -> None:
    if text:
        value = "".join(part.value for part in text)
        found.append(Literal(text[0].where.to(text[-1].where), value))
        text.clear()


def _join(where: Range, parts: list[Expression]) -> Expression:
    if not parts:
        return Literal(where, "")
    if len(parts) == 1 and isinstance(parts[0], Literal) and isinstance(parts[0].value, str):
        return Literal(where, parts[0].value)
    return Template(where, tuple(parts))
