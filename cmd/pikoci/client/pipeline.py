"""`pikoci pipeline`: work on pipeline files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import click
import msgspec

from pikoci.client.commands.formatting import fmt
from pikoci.client.commands.graphs import graph
from pikoci.client.commands.importing import import_
from pikoci.client.commands.planning import plan
from pikoci.internal.domain.errors import Diagnostic, InvalidError
from pikoci.internal.pipeline import description, load
from pikoci.internal.pipeline import reference as language_reference
from pikoci.shared.diagnostics import render_diagnostics
from pikoci.shared.files import INPUT_FILE, read_text, shown_name, variable_options
from pikoci.shared.terminal import output_option, respect_no_color


@click.group()
@click.pass_context
def pipeline(ctx: click.Context) -> None:
    """Validate, format, draw, compare and import pipeline files.

    Example: pikoci pipeline validate pipeline.hcl
    """
    respect_no_color(ctx)


@pipeline.command()
@click.argument("files", nargs=-1, required=True, type=INPUT_FILE, metavar="FILE...")
@variable_options
@output_option
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...], variables: Mapping[str, object], output: str) -> None:
    """Check pipeline files, and show all that is wrong with them.

    Variables need no values for this. FILE may be - for standard input. The exit status is 0 if all files are valid,
    1 if one is not.

    Example: pikoci pipeline validate pipeline.hcl

    Example: pikoci pipeline validate --output json pipelines/*.hcl
    """
    found = {shown_name(name): _check(name, variables) for name in files}
    valid = {name: all(one.severity != "error" for one in diagnostics) for name, diagnostics in found.items()}
    if output == "json":
        results = [
            {"file": name, "valid": valid[name], "diagnostics": msgspec.to_builtins(found[name])} for name in found
        ]
        click.echo(json.dumps({"valid": all(valid.values()), "files": results}, indent=2, ensure_ascii=False))
    else:
        for name, diagnostics in found.items():
            click.echo(render_diagnostics(diagnostics), nl=False)
            click.echo(f"{name}: {_verdict(diagnostics)}")
    ctx.exit(0 if all(valid.values()) else 1)


@pipeline.command()
def reference() -> None:
    """Print the reference of the pipeline language, as Markdown.

    Example: pikoci pipeline reference > reference.md
    """
    click.echo(language_reference(), nl=False)


@pipeline.command()
@click.option("--format", "form", type=click.Choice(["json"]), default="json", show_default=True, help="How to print.")
def schema(form: str) -> None:
    """Print the pipeline language as data, for editors and other programs.

    Blocks, attributes, built-in resource types, runners and functions, in the shape of `terraform providers schema`.

    Example: pikoci pipeline schema --format json > schema.json
    """
    click.echo(json.dumps(description(), indent=2, ensure_ascii=False))


pipeline.add_command(fmt)
pipeline.add_command(graph)
pipeline.add_command(import_)
pipeline.add_command(plan)


def _check(name: str, variables: Mapping[str, object]) -> list[Diagnostic]:
    try:
        text = read_text(name)
    except InvalidError as error:
        return [Diagnostic(summary=error.message, hint=error.hint)]
    now = datetime.now(UTC)
    return load(text, variables, filename=shown_name(name), now=now, allow_missing_variables=True).diagnostics


def _verdict(diagnostics: list[Diagnostic]) -> str:
    counts = []
    for severity in ("error", "warning"):
        count = sum(one.severity == severity for one in diagnostics)
        if count:
            counts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    if any(one.severity == "error" for one in diagnostics):
        return click.style(", ".join(counts), fg="red")
    return click.style("valid", fg="green") + (f", {counts[0]}" if counts else "")
