"""Files to bodies of attributes and blocks; goes on after an error, so that one run finds them all."""

from contextlib import suppress
from typing import NamedTuple

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.diagnostics import Diagnostic, Range, Source, error
from pikoci.pkg.hcl.expressions import ExpressionParser
from pikoci.pkg.hcl.limits import MAX_BLOCKS, MAX_DIAGNOSTICS
from pikoci.pkg.hcl.literals import unquote
from pikoci.pkg.hcl.recovery import after_item
from pikoci.pkg.hcl.stream import Failure, Halt
from pikoci.pkg.hcl.syntax import Attribute, Block, Body, Expression

_LINE_ENDS = (lexer.NEWLINE, lexer.EOF)
_ONE_LINE_HINT = "put each argument on its own line, and the closing brace on a line after them"


class ParseResult(NamedTuple):
    """A body (what could be understood of it) and the diagnostics; without errors the body is complete."""

    body: Body
    diagnostics: list[Diagnostic]


class ExpressionResult(NamedTuple):
    """An expression, None when it has errors, and the diagnostics."""

    expression: Expression | None
    diagnostics: list[Diagnostic]


def parse(source: str | bytes, filename: str = "<config>") -> ParseResult:
    """Parse a file. Never raises: what is wrong with it is in the diagnostics, in source order.

    The body is empty where a limit ended the parsing; the diagnostics say which.
    """
    text, diagnostics = _decode(source, filename)
    tokens = lexer.lex(Source(text, filename))
    parser = _Parser(tokens)
    body = Body(parser.here(), ())
    if tokens.complete:
        with suppress(Halt):
            body = parser.file()
    return ParseResult(body, _merge(diagnostics + tokens.diagnostics, parser.diagnostics))


def parse_expression(source: str, filename: str = "<expression>") -> ExpressionResult:
    """Parse one expression; newlines have no meaning in it, as inside parentheses."""
    tokens = lexer.lex(Source(source, filename))
    parser = _Parser(tokens)
    parser.heed_newlines(False)
    expression = None
    try:
        expression = parser.expression()
        if parser.kind != lexer.EOF:
            parser.fail("Extra characters after expression", "The expression is complete before this.")
    except Failure as failure:
        parser.diagnostics.append(failure.diagnostic)
    except Halt:
        expression = None
    diagnostics = _merge(tokens.diagnostics, parser.diagnostics)
    return ExpressionResult(None if diagnostics else expression, diagnostics)


class _Parser(ExpressionParser):
    unclosed = False
    blocks = 0

    def file(self) -> Body:
        return self._body(lexer.EOF, 0)

    def _body(self, closer: str, opening: int) -> Body:
        start = self.starts[opening]
        items: list[Attribute | Block] = []
        names: dict[str, Attribute] = {}
        depth = self.depth
        while self.kind != closer:
            if self.kind == lexer.NEWLINE:
                self.advance()
                continue
            if self.kind == lexer.EOF:
                self._unclosed(opening)
                break
            first = self.index
            try:
                item = self._item()
            except Failure as failure:
                self.note(failure.diagnostic)
                self.depth, self.newlines = depth, True
                self.seek(after_item(self, first if failure.complete is None else failure.complete))
                continue
            if isinstance(item, Attribute) and item.name in names:
                detail = f'The argument "{item.name}" was already set on line {names[item.name].range.line}.'
                self.report("Argument set twice", detail, item.name_range, "remove one of the two")
                continue
            if isinstance(item, Attribute):
                names[item.name] = item
            items.append(item)
        self.advance()
        return Body(self.since(start), tuple(items))

    def _unclosed(self, opening: int) -> None:
        """Report a missing brace once: the blocks around lack theirs for the same reason."""
        if not self.unclosed:
            self.unclosed = True
            detail = "There is no closing brace for this block before the end of the file."
            self.report("Unclosed block", detail, self.range_of(opening), "look for a missing } in or below it")

    def _item(self) -> Attribute | Block:
        if self.kind != lexer.NAME:
            self._not_an_item()
        name = self.advance()
        if self.kind == "=":
            item = self._attribute(name)
            if self.kind not in _LINE_ENDS:
                self._extra(item)
        elif self.kind in (lexer.STRING, lexer.OPEN_QUOTE, "{", lexer.NAME):
            return self._block(name)
        else:
            hint = f"write {self.text(name)} = value for an argument, or {self.text(name)} {{ for a block"
            self.fail("Argument or block required", "This name starts neither.", self.range_of(name), hint)
        return item

    def _not_an_item(self) -> None:
        if self.kind in (lexer.STRING, lexer.OPEN_QUOTE):
            self.fail("Invalid argument name", "Argument names must not be quoted.", hint="remove the quotes")
        if self.kind == "}":
            self.fail("Extra closing brace", "No block is open here.", hint="remove it, or look for one too many above")
        self.fail("Argument or block required", "An argument or a block is expected here.")

    def _attribute(self, name: int) -> Attribute:
        self.advance()
        expression = self.expression()
        start = self.starts[name]
        return Attribute(self.since(start), self.text(name), expression)

    def _extra(self, item: Attribute) -> None:
        if self.kind == ",":
            detail = "Arguments are separated by newlines, not commas."
            self.fail("Unexpected comma after argument", detail, hint="remove the comma and start a new line")
        hint = "start the next argument on a new line"
        if self.kind == "}":
            hint = "put the closing brace on a line of its own"
        detail = f'Nothing may follow the argument "{item.name}" on its line.'
        self.fail("Missing newline after argument", detail, hint=hint)

    def _block(self, name: int) -> Block:
        labels: list[str] = []
        places: list[int] = []
        while self.kind != "{":
            index = self.index
            if self.kind == lexer.NAME:
                labels.append(self.text(self.advance()))
            elif self.kind == lexer.STRING:
                labels.append(unquote(self, self.text(index)[1:-1], self.starts[index] + 1))
                self.advance()
            else:
                labels.append(self._label())
            places += (self.starts[index], self.ends[self.after - 1])
        where = self.since(self.starts[name])
        self._count_block(where)
        opening = self.advance()
        self.enter()
        body = self._body("}", opening) if self.kind in (*_LINE_ENDS, "}") else self._one_line(opening)
        self.depth -= 1
        if self.kind not in _LINE_ENDS:
            hint = "start what follows on a new line"
            detail = "A block must be the last thing on its line."
            raise Failure(error("Missing newline after block", detail, self.here(), hint), self.after - 1)
        return Block(where, self.text(name), tuple(labels), tuple(places), body)

    def _count_block(self, where: Range) -> None:
        self.blocks += 1
        if self.blocks > MAX_BLOCKS:
            detail = f"At most {MAX_BLOCKS:,} blocks are read; the rest was not looked at."
            self.report("The file is too large", detail, where, "split the file into several pipelines")
            raise Halt

    def _label(self) -> str:
        opening = self.index
        if self.kind != lexer.OPEN_QUOTE:
            if self.kind == "=":
                self.fail("Invalid block", "An argument has one name before its equals sign.", hint="remove the label")
            hint = "open the block with { on the same line"
            self.fail("Invalid block", "A quoted label or an opening brace is expected here.", hint=hint)
        self.advance()
        label = ""
        while self.kind == lexer.QUOTED:
            index = self.advance()
            label += unquote(self, self.text(index), self.starts[index])
        if self.kind in (lexer.INTERPOLATION, lexer.DIRECTIVE):
            hint = "block labels are fixed text; double the sign for a literal one: $${"
            self.fail("Invalid label", "Template sequences are not allowed in a label.", hint=hint)
        if self.kind != lexer.CLOSE_QUOTE:
            self.fail("Unterminated string", "Its end was not found.", self.range_of(opening), 'close it with "')
        self.advance()
        return label

    def _one_line(self, opening: int) -> Body:
        summary = "Invalid one-line block"
        if self.kind != lexer.NAME:
            self._not_an_item()
        name = self.advance()
        if self.kind != "=":
            if self.kind in (lexer.STRING, lexer.OPEN_QUOTE, "{", lexer.NAME):
                self.fail(summary, "A block on one line can't hold another block.", hint=_ONE_LINE_HINT)
            hint = f"write {self.text(name)} = value"
            self.fail("Argument required", "An equals sign and a value are expected here.", hint=hint)
        attribute = self._attribute(name)
        if self.kind == lexer.EOF:
            self._unclosed(opening)
            return Body(self.since(self.starts[opening]), (attribute,))
        if self.kind == lexer.NEWLINE:
            detail = "A block that has an argument on its first line must end on that line."
            self.fail(summary, detail, attribute.range, _ONE_LINE_HINT)
        if self.kind != "}":
            self.fail(summary, "A block on one line can hold one argument only.", hint=_ONE_LINE_HINT)
        self.advance()
        return Body(self.since(self.starts[opening]), (attribute,))


def _decode(source: str | bytes, filename: str) -> tuple[str, list[Diagnostic]]:
    raw = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    try:
        text = raw.decode()
    except UnicodeDecodeError as cause:
        text = raw.decode("utf-8", "replace")
        start = len(raw[: cause.start].decode())
        where = Range(Source(text, filename), start, start + 1)
        hint = "save the file as UTF-8"
        return text, [error("Invalid character encoding", "The file is not UTF-8 here.", where, hint)]
    return text, []


def _merge(lexical: list[Diagnostic], syntactic: list[Diagnostic]) -> list[Diagnostic]:
    """Order by place; a line whose characters are wrong says nothing about its syntax."""
    lines = {found.range.line for found in lexical if found.range}
    kept = lexical + [found for found in syntactic if found.range is None or found.range.line not in lines]
    kept.sort(key=lambda found: found.range.start if found.range else 0)
    if len(kept) > MAX_DIAGNOSTICS:
        where = kept[MAX_DIAGNOSTICS].range
        kept[MAX_DIAGNOSTICS:] = [error("Too many errors", "Further ones are not looked for.", where)]
    return kept
