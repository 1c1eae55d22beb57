"""`pikoci pipeline fmt`."""

from __future__ import annotations

import difflib

import click

from pikoci.internal.domain.errors import InvalidPipelineError, PikociError
from pikoci.internal.pipeline import formatted
from pikoci.shared.diagnostics import render_diagnostics
from pikoci.shared.files import INPUT_FILE, read_text, replace_text, shown_name

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.argument("files", nargs=-1, required=True, type=INPUT_FILE, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; name the files that are not formatted, and fail.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_context
def fmt(ctx: click.Context, files: tuple[str, ...], *, check: bool, diff: bool) -> None:
    """Format pipeline files, in place.

    Space is put where everybody has it: two spaces a level, equals signs below one another, one blank line at most.
    Comments, strings and the meaning stay. The files that changed are named. FILE may be -, alone: then standard input
    is formatted to standard output.

    The exit status is 1 if a file cannot be read or has errors (it stays as it is, and the others are formatted), and
    with --check also if one is not formatted.

    Example: pikoci pipeline fmt pipeline.hcl

    Example: pikoci pipeline fmt --check --diff pipelines/*.hcl
    """
    if "-" in files and len(files) > 1:
        raise click.UsageError("Standard input (-) is formatted alone, without other files.", ctx)
    failed = False
    for name in files:
        try:
            failed |= _format(name, check=check, diff=diff)
        except InvalidPipelineError as error:
            click.echo(render_diagnostics(error.diagnostics), nl=False, err=True)
            failed = True
        except PikociError as error:
            click.echo(f"Error: {error.message}", err=True)
            failed = True
    ctx.exit(1 if failed else 0)


def _format(name: str, *, check: bool, diff: bool) -> bool:
    """Format one file; whether that makes the command fail. Raises PikociError."""
    before = read_text(name)
    after = formatted(before, shown_name(name))
    if name == "-" and not check and not diff:
        click.echo(after.encode(), nl=False)
    elif after != before:
        if not diff and not check:
            replace_text(name, after)
        if not diff or check:
            click.echo(shown_name(name))
        if diff:
            _show_difference(before, after, shown_name(name))
        return check
    return False


def _show_difference(before: str, after: str, name: str) -> None:
    old, new = before.split("\n"), after.split("\n")
    for line in difflib.unified_diff(old, new, f"{name} (as it is)", f"{name} (formatted)", lineterm=""):
        click.echo(click.style(line.replace("\r", ""), fg=_COLORS.get(line[:1])))
