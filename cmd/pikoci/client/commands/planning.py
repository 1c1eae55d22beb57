"""What setting a pipeline would change, and setting it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec

from pikoci.client.options import file_pipeline_option
from pikoci.client.session import Session, with_session
from pikoci.internal.domain.errors import Diagnostic, InvalidPipelineError
from pikoci.pkg.client import ApiError
from pikoci.shared.files import INPUT_FILE, read_text, shown_name, variable_options

#: So many are named; and so many builds of a job the server counts.
_NAMED, _COUNTED = 10, 20
_COLORS = {"+": "green", "-": "red", "~": "yellow"}


@click.command("plan")
@click.argument("file", type=INPUT_FILE)
@file_pipeline_option
@variable_options
@with_session
def plan(session: Session, file: str, team: str, pipeline: str, variables: Mapping[str, object]) -> None:
    """Show what setting a pipeline would change and start on the server, without doing it.

    FILE may be - for standard input. Builds start at once where versions are there already; what the checks of new
    resources find may start more.

    Example: pikoci pipeline plan -p app pipeline.hcl -v vars.json

    Example: pikoci client pipelines plan -p app - < pipeline.hcl
    """
    answer = _send(session.api.pipelines.plan, team, pipeline, file, variables)
    _warn(session, answer, file)
    session.show(answer, lambda: _render(answer["changes"]) + outlook(answer))


@click.command("set")
@click.argument("file", type=INPUT_FILE)
@file_pipeline_option
@variable_options
@with_session
def set_pipeline(session: Session, file: str, team: str, pipeline: str, variables: Mapping[str, object]) -> None:
    """Create or update a pipeline from a file.

    FILE may be - for standard input. Nothing changes if the file is not valid.

    Example: pikoci client pipelines set -n app pipeline.hcl -v vars.json
    """
    answer = _send(session.api.pipelines.set, team, pipeline, file, variables)
    _warn(session, answer, file)
    sentence = f"Set the pipeline {team}/{pipeline}, revision {answer['pipeline']['revision']}."
    session.show(answer, lambda: f"{_render(answer['changes'])}{sentence}\n")


def outlook(answer: Mapping[str, Any]) -> str:
    """The lines on what would start, for people; none from a server of an older release, and where nothing changes."""
    if "starts" not in answer or not answer["changes"]:
        return ""
    starts = [_start(start["job"], start["builds"]) for start in answer["starts"]]
    lines = [f"Builds that start at once: {_listed(starts)}." if starts else "No build starts at once."]
    if answer["checks"]:
        lines.append(f"Checked at once: {_listed(answer['checks'])}.")
    if answer["unseen"]:
        lines.append(f"There was no time to look at {answer['unseen']} jobs.")
    return "".join(f"{line}\n" for line in lines)


def _start(job: str, builds: int) -> str:
    many = f"{builds} or more" if builds >= _COUNTED else str(builds)
    return job if builds == 1 else f"{job} ({many})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _send(
    call: Callable[..., dict[str, Any]], team: str, pipeline: str, file: str, variables: Mapping[str, object]
) -> dict[str, Any]:
    """Give the server a file. Raises InvalidPipelineError with the findings, under the file's own name."""
    text = read_text(file)
    try:
        return call(team, pipeline, text, variables)
    except ApiError as error:
        if error.kind != "invalid-pipeline":
            raise
        raise InvalidPipelineError(error.detail, _named(error.diagnostics, file), hint=error.hint) from error


def _warn(session: Session, answer: dict[str, Any], file: str) -> None:
    """Show people the warnings; a server of an older release has none."""
    if not session.prints_json:
        from pikoci.shared.diagnostics import render_diagnostics

        click.echo(render_diagnostics(_named(answer.get("warnings", []), file)), nl=False, err=True)


def _named(diagnostics: object, file: str) -> list[Diagnostic]:
    """Findings of the server, under the file's own name unless they are about what a source holds."""
    found = msgspec.convert(diagnostics, list[Diagnostic])
    return [one if "://" in one.file else msgspec.structs.replace(one, file=shown_name(file)) for one in found]


def _render(changes: object) -> str:
    from pikoci.internal.pipeline import Change, render_diff  # with the whole language, which no other command needs

    text = render_diff(msgspec.convert(changes, list[Change]))
    lines = text.splitlines()
    return "".join(f"{click.style(line, fg=_COLORS.get(line.lstrip()[:1]))}\n" for line in lines)
