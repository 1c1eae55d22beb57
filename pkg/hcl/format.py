"""Puts a file into the one form in which everybody writes it.

Nothing but space changes: tokens, comments and their order stay, and so do line breaks, but for blank lines. Strings,
heredocs and comments of several lines keep every byte.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pikoci.pkg.clusters import width
from pikoci.pkg.hcl.diagnostics import Diagnostic, Source, has_errors
from pikoci.pkg.hcl.parser import parse
from pikoci.pkg.hcl.pieces import LINE_COMMENT, Lines, Piece, goes_on
from pikoci.pkg.hcl.spacing import spaced

_INDENT = "  "
_OPENERS = ("{", "[", "(")
_CLOSERS = ("}", "]", ")")


class FormatResult(NamedTuple):
    """The formatted text, or None where the text has errors, and the diagnostics."""

    text: str | None
    diagnostics: list[Diagnostic]


def format_source(text: str, filename: str = "<config>") -> FormatResult:
    """Format a file. Never raises; formatting the result again changes nothing.

    Indentation is two spaces a level. The equals signs of arguments on consecutive lines stand below one another, and
    so do comments behind code. Several blank lines become one. Lines end as the first one does.
    """
    diagnostics = parse(text, filename).diagnostics
    if has_errors(diagnostics):
        return FormatResult(None, diagnostics)
    source = Lines(Source(text, filename))
    rows = [_Row(line, depth) for line, depth in zip(source.lines, _depths(source.lines), strict=True)]
    rows = _without_blanks(rows)
    _align_values(rows)
    _align_comments(rows)
    end = source.line_end or "\n"
    return FormatResult("".join(f"{row.text()}{end}" for row in rows), diagnostics)


class _Row:
    """One line in three cells: what is up to its equals sign, the value from there on, and the comment behind.

    The gaps are the spaces in front of the latter two.
    """

    __slots__ = ("comment", "comment_gap", "depth", "lead", "long", "value", "value_gap")

    def __init__(self, line: list[Piece], depth: int) -> None:
        code, comment = (line[:-1], line[-1:]) if len(line) > 1 and line[-1].kind == LINE_COMMENT else (line, [])
        texts = spaced(code)
        equals = _equals(code)
        self.lead = "".join(texts[:equals])
        self.value = "".join(texts[equals:]).lstrip()
        self.comment = comment[0].text if comment else ""
        self.value_gap = self.comment_gap = 1
        self.depth = depth
        self.long = goes_on(line)

    @property
    def blank(self) -> bool:
        return not self.lead

    @property
    def aligns(self) -> bool:
        """Whether its equals sign can stand below those of its neighbours."""
        return bool(self.value) and "\n" not in self.lead

    def code(self) -> str:
        if self.blank:
            return ""
        gap = " " * self.value_gap if self.value else ""
        return f"{_INDENT * self.depth}{self.lead}{gap}{self.value}"

    def text(self) -> str:
        return f"{self.code()}{' ' * self.comment_gap}{self.comment}" if self.comment else self.code()


def _equals(line: list[Piece]) -> int:
    """The place of the equals sign of an argument that ends on its line; behind the line where there is none."""
    kinds = [piece.kind for piece in line]
    if "=" not in kinds[1:]:
        return len(line)
    place = kinds.index("=", 1)
    return place if _balance(kinds[:place]) == 0 and _balance(kinds[place:]) == 0 else len(line)


def _balance(kinds: list[str]) -> int:
    return sum((kind in _OPENERS) - (kind in _CLOSERS) for kind in kinds)


def _depths(lines: list[list[Piece]]) -> list[int]:
    """How deep each line is indented: one level below the line that opened the innermost bracket around it.

    A line that begins by closing brackets is as deep as the one that opened the last of these.
    """
    depths: list[int] = []
    opened: list[int] = []  # for each open bracket, the depth of its line
    for line in lines:
        depth = opened[-1] + 1 if opened else 0
        leading = True
        for piece in line:
            if piece.kind in _CLOSERS:
                closed = opened.pop()
                depth = closed if leading else depth
            else:
                leading = leading and piece.comment
                if piece.kind in _OPENERS:
                    opened.append(depth)
        depths.append(depth)
    return depths


def _without_blanks(rows: list[_Row]) -> list[_Row]:
    """Without blank lines at the start and the end, and with one where there are more."""
    kept: list[_Row] = []
    for row in rows:
        if not row.blank or (kept and not kept[-1].blank):
            kept.append(row)
    if kept and kept[-1].blank:
        kept.pop()
    return kept


def _align_values(rows: list[_Row]) -> None:
    for chain in _chains(rows, lambda row: row.aligns):
        widths = [width(row.lead) for row in chain]
        widest = max(widths)
        for row, own in zip(chain, widths, strict=True):
            row.value_gap = widest - own + 1


def _align_comments(rows: list[_Row]) -> None:
    for chain in _chains(rows, lambda row: bool(row.comment) and not row.long):
        widths = [width(row.code()) for row in chain]
        widest = max(widths)
        for row, own in zip(chain, widths, strict=True):
            row.comment_gap = widest - own + 1


def _chains(rows: list[_Row], fits: Callable[[_Row], bool]) -> Iterator[list[_Row]]:
    """The rows that fit and follow one another, equally deep; one that goes on below ends its chain."""
    chain: list[_Row] = []
    for row in rows:
        fit = fits(row)
        if chain and not (fit and row.depth == chain[-1].depth and not chain[-1].long):
            yield chain
            chain = []
        if fit:
            chain.append(row)
    if chain:
        yield chain
