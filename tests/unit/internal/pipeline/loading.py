"""Short ways to load a pipeline and to say what should be found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pikoci.internal.domain.errors import Diagnostic
from pikoci.internal.domain.plan import JobPlan, PipelineSpec
from pikoci.internal.pipeline import Loaded, load

GIT = 'resource "git" "app" {\n  params {\n    url = "u"\n  }\n}\n'
TRIGGER = 'resource "trigger" "go" {}\n'
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def job(body: str, name: str = "j") -> str:
    """A job whose body starts on its second line."""
    return f'job "{name}" {{\n{body}\n}}\n'


def task(run: str) -> str:
    """A job with a task whose body starts on the third line."""
    return job(f'task "t" {{\n{run}\n}}')


class Finding:
    """A diagnostic as a table of tests writes it. With `any_text`, detail and hint may be anything."""

    def __init__(
        self, line: int, column: int, summary: str, detail: str = "", hint: str = "", *, any_text: bool = False
    ) -> None:
        self.line = line
        self.column = column
        self.summary = summary
        self.texts = (detail, hint)
        self.any_text = any_text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Finding):
            return NotImplemented
        same_place = (self.line, self.column, self.summary) == (other.line, other.column, other.summary)
        return same_place and (self.any_text or other.any_text or self.texts == other.texts)

    def __hash__(self) -> int:
        return hash((self.line, self.column, self.summary))

    def __repr__(self) -> str:
        return f"Finding({self.line}, {self.column}, {self.summary!r}, {self.texts[0]!r}, {self.texts[1]!r})"


def run(text: str, variables: Mapping[str, object] | None = None, **options: Any) -> Loaded:
    return load(text, variables, now=NOW, **options)


def findings(diagnostics: list[Diagnostic], severity: str) -> list[Finding]:
    return [
        Finding(one.line, one.column, one.summary, one.detail, one.hint)
        for one in diagnostics
        if one.severity == severity
    ]


def find(text: str, variables: Mapping[str, object] | None = None, **options: Any) -> list[Finding]:
    """The errors of a file."""
    loaded = run(text, variables, **options)
    assert loaded.spec is None
    return findings(loaded.diagnostics, "error")


def warnings_of(text: str, variables: Mapping[str, object] | None = None) -> list[Finding]:
    """The warnings of a valid file."""
    loaded = run(text, variables)
    assert loaded.ok
    return findings(loaded.diagnostics, "warning")


def spec_of(text: str, variables: Mapping[str, object] | None = None) -> PipelineSpec:
    """The pipeline of a valid file."""
    loaded = run(text, variables)
    assert loaded.spec is not None, loaded.diagnostics
    return loaded.spec


def job_of(text: str, variables: Mapping[str, object] | None = None) -> JobPlan:
    """The first job of a valid file."""
    return spec_of(text, variables).jobs[0]
