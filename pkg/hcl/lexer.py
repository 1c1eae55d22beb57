"""Source text to tokens.

Token kinds are short strings; a punctuation token is its own kind. A quoted string without template sequences is one
token, a comment that ends a line is a newline, and several newlines are one: none of that changes the meaning.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache

from pikoci.pkg.hcl.diagnostics import Diagnostic, Range, Source, error
from pikoci.pkg.hcl.limits import MAX_DIAGNOSTICS, MAX_TOKENS

NAME = "name"
NUMBER = "number"
STRING = "string"
NEWLINE = "newline"
OPEN_QUOTE = "open quote"
CLOSE_QUOTE = "close quote"
QUOTED = "quoted text"
OPEN_HEREDOC = "open heredoc"
CLOSE_HEREDOC = "close heredoc"
TEXT = "heredoc text"
INTERPOLATION = "${"
DIRECTIVE = "%{"
END_SEQUENCE = "end of sequence"
INVALID = "invalid"
EOF = "end of file"

# No possessive repeats and no atomic groups: Python 3.11.2 lets some of them match too much. Instead, no text can be
# matched in two ways, which keeps a vain attempt linear, and a repeated group, which takes memory for each round, has
# a bound.
_NEWLINE = r"(?:\r?\n|(?:\#|//)[^\n]*\n)"
_WIDE = r"[^\x00-@\[-^`{-\x7f][^\x00-,./:-@\[-^`{-\x7f]*"  # in ASCII a name, beyond it anything
_MARKER = _WIDE.replace(r"\x7f", r"\x7f\s")
_MAIN = rf"""[ \t]*(?:
    ([A-Za-z_][A-Za-z0-9_-]*)(?![A-Za-z0-9_\-]|[^\x00-\x7f])                 # 1 name
  | ({_NEWLINE}(?:[ \t]*{_NEWLINE}){{0,1000}})                              # 2 newline
  | ("[^"\\$%\r\n]*(?:(?:\\[nrt"\\]|[$%](?![$%{{]))[^"\\$%\r\n]*){{0,1000}}")  # 3 string
  | (<<-?)({_MARKER})(?=\r?\n)\r?(\n)                                       # 4 5 6 heredoc
  | (==|!=|>=|<=|=>|&&|\|\||::|\.\.\.|/(?![/*])|[\[\]().,*%+\-=<>!?:])       # 7 operator
  | ([0-9](?:(?:[0-9.]|[eE][+-]?[0-9]){{0,4000}}(?:[eE][+-]?)?[0-9])?)       # 8 number
  | ({{)                                                                     # 9
  | (~?}})                                                                   # 10
  | (")                                                                      # 11 template
  | ((?s:/\*.*?\*/)|(?:\#|//)[^\n]*\Z)                                       # 12 comment
  | ({_WIDE})                                                               # 13 name beyond ASCII
  | ([^ \t])                                                                 # 14 invalid
    )"""


@cache
def _main() -> re.Pattern[str]:
    """Compiled at the first use: that takes longer than all else that is done to import this package."""
    return re.compile(_MAIN, re.VERBOSE)


_SIMPLE = {1: NAME, 2: NEWLINE, 3: STRING, 8: NUMBER}
_LINE_END, _OPERATOR, _HEREDOC, _OPEN_BRACE, _CLOSE_BRACE, _QUOTE, _COMMENT, _WIDE_NAME = 2, 7, 6, 9, 10, 11, 12, 13
_QUOTED_STOP = re.compile(r'\\[^\r\n]|\$\$\{|%%\{|(["\r\n\\]|[$%]\{)')
_HEREDOC_STOP = re.compile(rf"(?<=\n)[^\S\n]*({_MARKER})[^\S\n]*(?=\n)|\$\$\{{|%%\{{|([$%]\{{~?)")

_HINTS = {
    "'": ("Single quotes are not valid.", 'use double quotes (") around strings'),
    "`": ("Backticks are not valid.", "for text of several lines use a heredoc, such as <<EOT"),
    ";": ("Semicolons are not valid.", "put each argument on a line of its own; separate list items by commas"),
    "&": ("Bitwise operators are not supported.", "for a logical AND write &&"),
    "|": ("Bitwise operators are not supported.", "for a logical OR write ||"),
    "^": ("Bitwise operators are not supported.", ""),
    "~": ("Bitwise operators are not supported.", "for a logical NOT write !"),
    "~}": ("The marker ~} only ends a template sequence.", "write } here"),
    "\r": ("A carriage return must be followed by a line feed.", "save the file with LF or CRLF line endings"),
    "\u201c": ("Curly quotes are not valid.", 'use straight double quotes (")'),
    "\u201d": ("Curly quotes are not valid.", 'use straight double quotes (")'),
    "/": ("This comment has no end.", "close it with */"),
    "\0": ("The file holds a NUL byte.", "save it as plain UTF-8 text"),
}


_LETTERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl")
_MARKS = ("Mn", "Mc", "Nd", "Pc")
_OTHER_STARTS = "\u1885\u1886\u2118\u212e\u309b\u309c"
_OTHER_CONTINUES = "-\u00b7\u0387\u1369\u136a\u136b\u136c\u136d\u136e\u136f\u1370\u1371\u19da"


def _starts_name(character: str) -> bool:
    """Unicode's ID_Start, or the underscore."""
    if character == "\u2e2f":
        return False
    return character == "_" or unicodedata.category(character) in _LETTERS or character in _OTHER_STARTS


def _continues_name(character: str) -> bool:
    """Unicode's ID_Continue, or the hyphen."""
    return _starts_name(character) or unicodedata.category(character) in _MARKS or character in _OTHER_CONTINUES


@dataclass(slots=True)
class Tokens:
    """The tokens of a source as three lists of the same length, and what was wrong with single characters."""

    source: Source
    kinds: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    complete: bool = True
    """Whether the whole source was read: not with too many tokens or too many errors."""

    def add(self, kind: str, start: int, end: int) -> None:
        """Append a token."""
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)


def lex(source: Source) -> Tokens:
    """Split a source into tokens; the last one is `EOF`. Never raises."""
    lexer = _Lexer(source)
    lexer.run()
    return lexer.tokens


class _Lexer:
    """Switches between code, quoted text and heredoc text; `stack` holds the texts around a `${` or `%{`."""

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.tokens = Tokens(source)
        self.stack: list[tuple[str, int]] = []  # a heredoc's marker, or nothing for a quoted string
        self.braces = 0
        self.reported: set[tuple[str, int]] = set()

    def run(self) -> None:
        text, match, simple = self.text, _main().match, _SIMPLE
        kinds, starts, ends = self.tokens.kinds, self.tokens.starts, self.tokens.ends
        position = 1 if text.startswith("\ufeff") else 0
        while self.tokens.complete and (found := match(text, position)) is not None:
            group = found.lastindex or 0
            start, position = found.span(group)
            if group == _LINE_END and kinds and kinds[-1] == NEWLINE:
                ends[-1] = position
            elif group in simple or group == _OPERATOR:
                kinds.append(simple.get(group) or found[_OPERATOR])
                starts.append(start)
                ends.append(position)
            else:
                position = self._other(found, group, start, position)
            if len(kinds) > MAX_TOKENS:
                self._stop_at(position)
        self.tokens.add(EOF, len(text), len(text))

    def _stop_at(self, position: int) -> None:
        self.tokens.complete = False
        detail = f"At most {MAX_TOKENS:,} names, values and signs are read; the rest was not looked at."
        where = Range(self.tokens.source, position, position)
        hint = "split the file, or make what is alike with for_each or matrix"
        self.tokens.diagnostics.append(error("The file is too large", detail, where, hint))

    def _diagnose(self, diagnostic: Diagnostic) -> None:
        self.tokens.diagnostics.append(diagnostic)
        self.tokens.complete = len(self.tokens.diagnostics) <= MAX_DIAGNOSTICS

    def _other(self, found: re.Match[str], group: int, start: int, end: int) -> int:
        if group == _OPEN_BRACE:
            self.braces += 1
            self.tokens.add("{", start, end)
        elif group == _CLOSE_BRACE:
            return self._close_brace(start, end)
        elif group == _QUOTE:
            self.tokens.add(OPEN_QUOTE, start, end)
            return self._quoted(end)
        elif group == _HEREDOC:
            self.tokens.add(OPEN_HEREDOC, found.start(4), end)
            return self._heredoc(found[5], end)
        elif group == _WIDE_NAME:
            return self._wide_name(start, end)
        elif group != _COMMENT:
            return self._invalid(start)
        return end

    def _close_brace(self, start: int, end: int) -> int:
        if self.stack and self.braces == 0:
            self.tokens.add(END_SEQUENCE, start, end)
            marker, self.braces = self.stack.pop()
            return self._heredoc(marker, end) if marker else self._quoted(end)
        if end - start > 1:
            self._report("~}", start, end)
        self.braces = max(0, self.braces - 1)
        self.tokens.add("}", start, end)
        return end

    def _quoted(self, position: int) -> int:
        text = self.text
        start = position
        found = _QUOTED_STOP.search(text, position)
        while found is not None and not found.lastindex:
            found = _QUOTED_STOP.search(text, found.end())
        position = found.start() if found else len(text)
        if position > start:
            self.tokens.add(QUOTED, start, position)
        if text.startswith('"', position):
            self.tokens.add(CLOSE_QUOTE, position, position + 1)
            return position + 1
        if position < len(text) and text[position] in "$%":
            return self._sequence("", position)
        if position < len(text):
            where = Range(self.tokens.source, position, position + 1)
            summary = "Invalid multi-line string"
            detail = "A quoted string must end on the line where it starts."
            hint = 'close it with ", write \\n for a newline, or use a heredoc (<<EOT) for several lines'
            hint = "close the ${ of this line with }" if self.stack and not self.stack[-1][0] else hint
            self._diagnose(error(summary, detail, where, hint))
            self.tokens.add(CLOSE_QUOTE, position, position)
            self._unwind(position)
            return position + 1 if text[position] == "\\" else position
        return position

    def _unwind(self, position: int) -> None:
        """End the texts around a string that runs into the end of its line, so that the next lines make sense."""
        while self.stack and not self.stack[-1][0]:
            _, self.braces = self.stack.pop()
            self.tokens.add(END_SEQUENCE, position, position)
            self.tokens.add(CLOSE_QUOTE, position, position)

    def _heredoc(self, marker: str, position: int) -> int:
        start = position
        search = _HEREDOC_STOP.search
        found = search(self.text, position)
        while found is not None and found[2] is None and found[1] != marker:
            found = search(self.text, found.end())
        end = found.start() if found else len(self.text)
        if end > start:
            self.tokens.add(TEXT, start, end)
        if found is None:
            return end
        if found.lastindex == 1:
            self.tokens.add(CLOSE_HEREDOC, found.start(), found.end())
            return found.end()
        return self._sequence(marker, end)

    def _sequence(self, marker: str, position: int) -> int:
        end = position + (3 if self.text.startswith("~", position + 2) else 2)
        self.tokens.add(self.text[position : position + 2], position, end)
        self.stack.append((marker, self.braces))
        self.braces = 0
        return end

    def _wide_name(self, start: int, end: int) -> int:
        stop = start
        if not _starts_name(self.text[start]):
            return self._invalid(start)
        while stop < end and _continues_name(self.text[stop]):
            stop += 1
        self.tokens.add(NAME, start, stop)
        return stop

    def _invalid(self, start: int) -> int:
        character = self.text[start]
        end = len(self.text) if character == "/" else start + 1
        self._report(character, start, start + (2 if character == "/" else 1))
        self.tokens.add(INVALID, start, end)
        return end

    def _report(self, character: str, start: int, end: int) -> None:
        line = self.tokens.source.line_of(start)
        if (character, line) in self.reported:
            return
        self.reported.add((character, line))
        detail, hint = _HINTS.get(character, ("This character is not used in the language.", ""))
        summary = "Unterminated comment" if character == "/" else "Invalid character"
        self._diagnose(error(summary, detail, Range(self.tokens.source, start, end), hint))
