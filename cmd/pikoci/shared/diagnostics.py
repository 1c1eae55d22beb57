"""Shows what is wrong with a pipeline file the way compilers do."""

from __future__ import annotations

from collections.abc import Iterable

import click

from pikoci.internal.domain.errors import Diagnostic
from pikoci.pkg.clusters import clusters, width

_MAX_SHOWN = 160
_COLORS = {"error": "red", "warning": "yellow"}


def render_diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """The findings as text that ends in a newline: place, summary, source line, carets, detail and hint.

    The text is styled; `click.echo` takes the colours out where the output is not a terminal.
    """
    return "".join(_render(one) for one in diagnostics)


def _render(found: Diagnostic) -> str:
    place = f"{found.file}:{found.line}:{found.column}: " if found.line else f"{found.file}: " if found.file else ""
    severity = click.style(found.severity, fg=_COLORS.get(found.severity), bold=True)
    lines = [f"{click.style(place, bold=True)}{severity}: {_printable(found.summary)}"]
    if found.line:
        lines += _snippet(found)
    margin = f" {' ' * len(str(found.line))} = " if found.line else "  "
    if found.detail:
        lines.append(f"{margin}{_printable(found.detail)}")
    if found.hint:
        lines.append(f"{margin}hint: {_printable(found.hint)}")
    return "\n".join(lines) + "\n"


def _snippet(found: Diagnostic) -> list[str]:
    """The source line with carets below; a long line is cut around them."""
    letters = clusters(_printable(found.source.removeprefix("\ufeff")))
    start = min(found.column - 1, len(letters))
    end = min(found.end_column - 1 if found.end_line == found.line else len(letters), len(letters))
    first = 0 if len(letters) <= _MAX_SHOWN else max(0, start - _MAX_SHOWN // 2)
    shown = "".join(letters[first : first + _MAX_SHOWN])
    before = "…" if first else ""
    after = "…" if first + _MAX_SHOWN < len(letters) else ""
    carets = "^" * max(1, min(end - start, _MAX_SHOWN - (start - first)))
    indent = " " * (start - first + width(before))
    gutter = " " * len(str(found.line))
    marked = click.style(carets, fg=_COLORS.get(found.severity))
    return [f" {gutter} |", f" {found.line} | {before}{shown}{after}", f" {gutter} | {indent}{marked}"]


def _printable(text: str) -> str:
    """`text` without what could steer a terminal; a tab counts as one column, as it does in the place."""
    if text.isprintable():
        return text
    return "".join(" " if letter in "\t\n" else letter if letter.isprintable() else "\ufffd" for letter in text)
