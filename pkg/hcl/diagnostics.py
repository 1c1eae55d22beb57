"""What went wrong in a file, where, and what to do about it."""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pikoci.pkg.clusters import width
from pikoci.pkg.hcl.limits import MAX_COUNTED

_MAX_SHOWN = 160


class Severity(StrEnum):
    """How bad a diagnostic is: an error refuses the file, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Source:
    """The text of one file, with its line starts worked out when first asked for."""

    __slots__ = ("_starts", "filename", "text")

    def __init__(self, text: str, filename: str = "<config>") -> None:
        self.text = text
        self.filename = filename
        self._starts: list[int] | None = None

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            position = self.text.find("\n")
            while position >= 0:
                starts.append(position + 1)
                position = self.text.find("\n", position + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of a character offset, both counted from 1.

        Columns count what a reader sees as one character: combining marks and joiners do not count, but for those far
        out in a line longer than anybody reads.
        """
        start = self._line_starts()[(line := self.line_of(offset)) - 1]
        counted = min(offset, start + MAX_COUNTED)
        return line, width(self.text[start:counted]) + offset - counted + 1

    def line_of(self, offset: int) -> int:
        """Return the line of a character offset, counted from 1."""
        return bisect.bisect_right(self._line_starts(), offset)

    def line_text(self, line: int) -> str:
        """Return the text of a line (from 1), without its line ending."""
        starts = self._line_starts()
        end = starts[line] if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r\n")


class Range:
    """A stretch of a file: `start` and `end` are character offsets, `end` is one past the last character."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def filename(self) -> str:
        """The name of the file."""
        return self.source.filename

    @property
    def line(self) -> int:
        """The line where it starts, from 1."""
        return self.source.line_of(self.start)

    @property
    def column(self) -> int:
        """The column where it starts, from 1."""
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        """The line where it ends, from 1."""
        return self.source.line_of(self.end)

    @property
    def end_column(self) -> int:
        """The column just after its last character, from 1."""
        return self.source.position(self.end)[1]

    @property
    def start_byte(self) -> int:
        """The offset of its start in UTF-8 bytes."""
        return len(self.source.text[: self.start].encode("utf-8", "surrogatepass"))

    @property
    def text(self) -> str:
        """The source text it covers."""
        return self.source.text[self.start : self.end]

    def to(self, other: "Range") -> "Range":
        """Return the range from the start of this one to the end of the other."""
        return Range(self.source, self.start, other.end)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return (self.filename, self.start, self.end) == (other.filename, other.start, other.end)

    def __hash__(self) -> int:
        return hash((self.filename, self.start, self.end))

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.filename}:{line}:{column}"

    def __repr__(self) -> str:
        return f"Range({self})"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a short summary, a sentence of detail, the place, and a hint on how to fix it."""

    severity: Severity
    summary: str
    detail: str = ""
    range: Range | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.range}: " if self.range else ""
        detail = f" {self.detail}" if self.detail else ""
        return f"{place}{self.severity}: {self.summary}.{detail}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a JSON answer; `start` and `end` hold line, column and character offset."""
        place = None
        if self.range is not None:
            place = {
                "filename": self.range.filename,
                "start": _point(self.range.source, self.range.start),
                "end": _point(self.range.source, self.range.end),
            }
        return {
            "severity": str(self.severity),
            "summary": self.summary,
            "detail": self.detail,
            "range": place,
            "hint": self.hint,
        }


def error(summary: str, detail: str = "", where: Range | None = None, hint: str = "") -> Diagnostic:
    """Return a diagnostic of severity error."""
    return Diagnostic(Severity.ERROR, summary, detail, where, hint)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether any diagnostic is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None) -> str:
    """Return the diagnostics as a compiler prints them, in source order, ending in a newline.

    The source text comes with each range; `sources` (file name to text) overrides it.
    """
    ordered = sorted(diagnostics, key=_order)
    return "".join(_render_one(d, sources or {}) for d in ordered)


def _order(diagnostic: Diagnostic) -> tuple[str, int]:
    where = diagnostic.range
    return (where.filename, where.start) if where else ("", -1)


def _render_one(diagnostic: Diagnostic, sources: Mapping[str, str]) -> str:
    where = diagnostic.range
    place = f"{where}: " if where else ""
    lines = [f"{place}{diagnostic.severity}: {diagnostic.summary}"]
    if where is not None:
        lines += _snippet(where, sources.get(where.filename))
    margin = "  = " if where else "  "
    if diagnostic.detail:
        lines.append(f"{margin}{diagnostic.detail}")
    if diagnostic.hint:
        lines.append(f"{margin}hint: {diagnostic.hint}")
    return "\n".join(lines) + "\n"


def _snippet(where: Range, text: str | None) -> list[str]:
    source = where.source if text is None else Source(text, where.filename)
    line, column = source.position(where.start)
    end_line, end_column = source.position(where.end)
    shown = source.line_text(line)
    first = len(shown) - len(shown.lstrip("\ufeff"))
    stop = end_column if end_line == line else width(shown) + 1
    carets = min(max(1, stop - column), _MAX_SHOWN)
    shown, column = _window(_printable(shown[first:]), column - first)
    gutter = " " * len(str(line))
    return [f" {gutter} |", f" {line} | {shown}", f" {gutter} | {' ' * (column - 1)}{'^' * carets}"]


def _window(shown: str, column: int) -> tuple[str, int]:
    if len(shown) <= _MAX_SHOWN:
        return shown, column
    first = max(0, column - 1 - _MAX_SHOWN // 2)
    cut = shown[first : first + _MAX_SHOWN]
    return ("…" if first else "") + cut + "…", column - first + (1 if first else 0)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if c == "\t" else c if c.isprintable() else "\ufffd" for c in text)


def _point(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column, "offset": offset}
