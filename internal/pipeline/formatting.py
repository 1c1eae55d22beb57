"""The one form of a pipeline file."""

from __future__ import annotations

from pikoci.internal.domain.errors import InvalidPipelineError
from pikoci.internal.pipeline.report import Report
from pikoci.pkg import hcl


def formatted(config: str, filename: str = "pipeline.hcl") -> str:
    """The text of a file as `hcl.format_source` puts it. Raises InvalidPipelineError where it can't be parsed.

    Only the syntax matters: a file with unknown blocks is formatted, too.
    """
    text, found = hcl.format_source(config, filename)
    if text is None:
        report = Report(filename)
        report.extend(found)
        raise InvalidPipelineError(f"{filename} cannot be parsed", report.diagnostics())
    return text
