"""Collects what is wrong with a file, so that all of it is told in one go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal

import msgspec

from pikoci.internal.domain.errors import Diagnostic
from pikoci.internal.pipeline.suggest import hint_for
from pikoci.pkg.hcl import diagnostics as hcl
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.limits import MAX_DIAGNOSTICS

_Severity = Literal["error", "warning"]

_SHOWN_SOURCE = 400
_SHOWN_TEXT = 1_000
_COMPARISONS = 20_000  # what looking for similar names may cost: about a second for a file made to be slow


class ReadingStoppedError(Exception):
    """The rest of the file is not looked at; why has been reported."""


class Report:
    """Findings about one file. The same finding at the same place counts once, whichever job instance hit it.

    After `MAX_DIAGNOSTICS` errors the next one raises ReadingStoppedError; as many warnings are kept.
    """

    def __init__(self, filename: str = "") -> None:
        self._filename = filename
        self._found: dict[tuple[int, int, str, str], Diagnostic] = {}
        self._comparisons = _COMPARISONS
        self._left: dict[_Severity, int] = {"error": MAX_DIAGNOSTICS, "warning": MAX_DIAGNOSTICS}
        self.failed = False

    def similar(self, name: str, known: Collection[str]) -> str:
        """A hint for an unknown name; see `hint_for`. Empty once many have been looked for in a large file."""
        self._comparisons -= len(known)
        return hint_for(name, known) if self._comparisons > 0 else ""

    def error(self, where: Range | None, summary: str, detail: str = "", hint: str = "") -> None:
        """Add an error at `where`; None for one about no place in the file."""
        self._add(where, "error", summary, detail, hint)

    def warning(self, where: Range | None, summary: str, detail: str = "", hint: str = "") -> None:
        """Add a warning; it refuses nothing."""
        self._add(where, "warning", summary, detail, hint)

    def extend(self, found: Iterable[hcl.Diagnostic]) -> None:
        """Add findings of the HCL room."""
        for one in found:
            severity: _Severity = "error" if one.severity is hcl.Severity.ERROR else "warning"
            self._add(one.range, severity, one.summary, one.detail, one.hint)

    def diagnostics(self, hide: Callable[[str], str] = str) -> list[Diagnostic]:
        """What was found, in source order; findings without a place come last. `hide` takes secrets out of texts."""
        ordered = [
            _hidden(self._found[key], hide) for key in sorted(self._found, key=lambda key: (key[0] < 0, key[0], key[1]))
        ]
        more: list[Diagnostic] = []
        if self._left["error"] < 0:
            more.append(Diagnostic(summary="Too many errors", detail="Further ones are not looked for."))
        elif self._left["warning"] < 0:
            summary = "Too many warnings"
            more.append(Diagnostic(severity="warning", summary=summary, detail="Further ones are not shown."))
        return ordered + more

    def _add(self, where: Range | None, severity: _Severity, summary: str, detail: str, hint: str) -> None:
        if severity == "error":
            self.failed = True
        key = (where.start, where.end, summary, detail) if where else (-1, len(self._found), summary, detail)
        if key in self._found:
            return
        self._left[severity] -= 1
        if self._left[severity] >= 0:
            self._found[key] = _diagnostic(where, self._filename, severity, summary, detail, hint)
        elif severity == "error":
            raise ReadingStoppedError


def _hidden(found: Diagnostic, hide: Callable[[str], str]) -> Diagnostic:
    if hide is str:
        return found
    texts = {name: hide(getattr(found, name)) for name in ("summary", "detail", "hint", "source")}
    return msgspec.structs.replace(found, **texts)


def _diagnostic(
    where: Range | None, filename: str, severity: _Severity, summary: str, detail: str, hint: str
) -> Diagnostic:
    summary, detail, hint = (_cut(text) for text in (summary, detail, hint))
    if where is None:
        return Diagnostic(severity=severity, summary=summary, detail=detail, hint=hint, file=filename)
    line, column = where.source.position(where.start)
    end_line, end_column = where.source.position(where.end)
    return Diagnostic(
        severity=severity,
        summary=summary,
        detail=detail,
        hint=hint,
        file=where.filename,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        source=where.source.line_text(line)[:_SHOWN_SOURCE],
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}…"
