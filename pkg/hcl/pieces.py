"""A source as lines of pieces: the tokens with the comments between them, which the lexer leaves out."""

import re

from pikoci.pkg.hcl import lexer
from pikoci.pkg.hcl.diagnostics import Source

LINE_COMMENT = "line comment"
INLINE_COMMENT = "inline comment"
TEMPLATE = "template"

_OPENERS = (lexer.OPEN_QUOTE, lexer.OPEN_HEREDOC)
_CLOSERS = (lexer.CLOSE_QUOTE, lexer.CLOSE_HEREDOC)
_BETWEEN = re.compile(r"(?:\#|//)(?P<line>[^\n]*)|/\*(?P<inline>(?s:.*?))\*/|(?P<newline>\n)")


class Piece:
    """A token or a comment. A string or heredoc with all that is in it is one piece, a `TEMPLATE`.

    `spaced` tells whether there was space in front of it.
    """

    __slots__ = ("kind", "spaced", "text")

    def __init__(self, kind: str, text: str, *, spaced: bool) -> None:
        self.kind = kind
        self.text = text
        self.spaced = spaced

    @property
    def comment(self) -> bool:
        """Whether it is a comment."""
        return self.kind in (LINE_COMMENT, INLINE_COMMENT)


class Lines:
    """The lines of a source; a line goes on where a heredoc or a comment does. An empty list is a blank line."""

    def __init__(self, source: Source) -> None:
        self._text = source.text
        self.lines: list[list[Piece]] = [[]]
        self.line_end = ""
        """How the first line ends that is not the inside of a piece; empty where there is none."""
        self._read(lexer.lex(source))

    def _read(self, tokens: lexer.Tokens) -> None:
        position = 1 if self._text.startswith("\ufeff") else 0
        depth, opened = 0, 0
        for kind, start, end in zip(tokens.kinds, tokens.starts, tokens.ends, strict=True):
            if kind in _OPENERS:
                opened = start if depth == 0 else opened
                depth += 1
            elif kind in _CLOSERS:
                depth -= 1
            if depth or kind == lexer.NEWLINE:
                continue
            first = opened if kind in _CLOSERS else start
            stop = end
            if kind == lexer.CLOSE_HEREDOC and self._text[end - 1] == "\r":
                stop -= 1  # it belongs to the line's end
            self._between(position, first)
            if kind != lexer.EOF:
                self._add(TEMPLATE if kind in _CLOSERS else kind, first, stop)
            position = stop

    def _add(self, kind: str, start: int, end: int) -> None:
        spaced = start > 0 and self._text[start - 1] in " \t"
        self.lines[-1].append(Piece(kind, self._text[start:end], spaced=spaced))

    def _between(self, start: int, end: int) -> None:
        """Add the comments and line ends between two tokens."""
        for found in _BETWEEN.finditer(self._text, start, end):
            if found.lastgroup == "newline":
                crlf = self._text[found.start() - 1 : found.start()] == "\r"
                self.line_end = self.line_end or ("\r\n" if crlf else "\n")
                self.lines.append([])
            elif found.lastgroup == "inline":
                self._add(INLINE_COMMENT, found.start(), found.end())
            else:
                stripped = found[0].rstrip(" \t\r")
                self._add(LINE_COMMENT, found.start(), found.start() + len(stripped))


def goes_on(line: list[Piece]) -> bool:
    """Whether some piece of the line reaches into the next lines of the file."""
    return any("\n" in piece.text for piece in line)
