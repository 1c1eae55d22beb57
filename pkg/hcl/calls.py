"""Function calls and `for` expressions."""

from typing import TYPE_CHECKING

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.syntax import Call, Expression, For

if TYPE_CHECKING:
    from pikoci.pkg.hcl.expressions import ExpressionParser


def parse_call(parser: "ExpressionParser", first: int) -> Call:
    """Parse the rest of a call whose first name was just read."""
    start = parser.starts[first]
    name = parser.text(first)
    while parser.kind == "::":
        parser.advance()
        if parser.kind != lexer.NAME:
            parser.fail("Missing function name", "A function name is required after ::.")
        name += f"::{parser.text(parser.advance())}"
    name_range = parser.since(start)
    if parser.kind != "(":
        parser.fail("Missing open parenthesis", "A function name must be followed by its arguments.")
    parser.advance()
    before = parser.heed_newlines(False)
    arguments: list[Expression] = []
    expand = False
    while parser.kind != ")":
        arguments.append(parser.expression())
        if parser.kind == "...":
            parser.advance()
            expand = True
            break
        if parser.kind != ",":
            break
        parser.advance()
    _end_call(parser, name_range, expand)
    parser.heed_newlines(before)
    return Call(parser.since(start), name, name_range, tuple(arguments), expand)


def _end_call(parser: "ExpressionParser", name_range: Range, expand: bool) -> None:
    if parser.kind == ")":
        parser.advance()
    elif expand:
        parser.fail("Missing closing parenthesis", "An expanded argument (...) must be the last one.")
    elif parser.kind == lexer.EOF:
        parser.fail("Unterminated function call", "There is no closing parenthesis for this call.", name_range)
    else:
        parser.fail("Missing argument separator", hint="separate arguments by commas, and end the call with )")


def parse_names(parser: "ExpressionParser") -> tuple[str | None, str]:
    """Parse `v in` or `k, v in` of a for expression or directive."""
    names: list[str] = []
    while True:
        if parser.kind != lexer.NAME:
            parser.fail("Invalid for", "A variable name is expected here.", hint="write: for value in list")
        names.append(parser.text(parser.advance()))
        if parser.kind != "," or len(names) == 2:
            break
        parser.advance()
    if not parser.at_word("in"):
        parser.fail("Invalid for", 'The word "in" is expected here.', hint="write: for key, value in map")
    parser.advance()
    return (names[0], names[1]) if len(names) == 2 else (None, names[0])


def parse_for(parser: "ExpressionParser", start: int, closer: str, newlines_before: bool) -> For:
    """Parse a for expression, from the word `for`; `closer` tells a list from an object."""
    parser.advance()
    names = parse_names(parser)
    collection = parser.expression()
    if parser.kind != ":":
        parser.fail("Invalid for", "A colon is expected after the collection.", hint="write: for v in list : v")
    parser.advance()
    key, value = None, parser.expression()
    if parser.kind == "=>":
        parser.advance()
        key, value = value, parser.expression()
    group = parser.kind == "..."
    dots = parser.here()
    if group:
        parser.advance()
    condition = None
    if parser.at_word("if"):
        parser.advance()
        condition = parser.expression()
    if parser.kind != closer:
        parser.fail("Invalid for", f'The expression must end with "{closer}" here.')
    parser.advance()
    parser.heed_newlines(newlines_before)
    made = For(parser.since(start), names, collection, (key, value), group, condition)
    _check_for(parser, made, closer, dots)
    return made


def _check_for(parser: "ExpressionParser", made: For, closer: str, dots: Range) -> None:
    if closer == "]" and made.key is not None:
        parser.report("Invalid for", "A list has no keys.", made.key.range, "use { } to build an object")
    if closer == "]" and made.group:
        parser.report("Invalid for", "Only an object can group its values.", dots, "use { } to build an object")
    if closer == "}" and made.key is None:
        parser.report("Invalid for", "An object needs a key for each value.", made.value.range, "write key => value")
