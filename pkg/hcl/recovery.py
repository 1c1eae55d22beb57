"""Where to go on after a syntax error."""

from collections import Counter

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.stream import TokenStream

_OPENERS = {
    "{": "}",
    "[": "]",
    "(": ")",
    lexer.OPEN_QUOTE: lexer.CLOSE_QUOTE,
    lexer.OPEN_HEREDOC: lexer.CLOSE_HEREDOC,
    lexer.INTERPOLATION: lexer.END_SEQUENCE,
    lexer.DIRECTIVE: lexer.END_SEQUENCE,
}
_CLOSERS = frozenset(_OPENERS.values())


def after_item(stream: TokenStream, first: int) -> int:
    """Return the token to go on with after an error in the item that starts at `first`.

    That is the first newline at or after the error where all brackets that the item opened are closed, or the brace
    that closes the block around it. A missing `]` or `)` is taken to end where a line looks like an argument or block.
    """
    expected: list[str] = []
    open_now: Counter[str] = Counter()
    kinds, reached = stream.kinds, stream.after
    index = first
    while kinds[index] != lexer.EOF:
        kind = kinds[index]
        if kind in _OPENERS:
            expected.append(_OPENERS[kind])
            open_now[_OPENERS[kind]] += 1
        elif kind in _CLOSERS:
            if kind == "}" and not expected and index > first:
                return index
            _close(expected, open_now, kind)
        elif kind == lexer.NEWLINE and index >= reached and (not expected or _next_item(stream, index, expected)):
            return index
        index += 1
    return index


def _close(expected: list[str], open_now: Counter[str], kind: str) -> None:
    while open_now[kind]:
        closed = expected.pop()
        open_now[closed] -= 1
        if closed == kind:
            return


def _next_item(stream: TokenStream, newline: int, expected: list[str]) -> bool:
    if expected[-1] not in ("]", ")"):
        return False
    kinds = stream.kinds[newline + 1 : newline + 4]
    return kinds[:2] in ([lexer.NAME, "="], [lexer.NAME, "{"]) or kinds == [lexer.NAME, lexer.STRING, "{"]
