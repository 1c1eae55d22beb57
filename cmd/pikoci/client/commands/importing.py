"""`pikoci pipeline import`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import click

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.pipeline import load
from pikoci.shared.diagnostics import render_diagnostics
from pikoci.shared.files import INPUT_FILE, read_text, shown_name
from pikoci.shared.terminal import visible


@click.group("import")
def import_() -> None:
    """Convert pipelines of other systems to HCL.

    Example: pikoci pipeline import concourse ci.yml > pipeline.hcl
    """


def _folders(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> Mapping[str, str]:
    folders = {}
    for pair in pairs:
        name, equals, folder = pair.partition("=")
        if not equals or not name or not Path(folder).is_dir():
            raise click.BadParameter("write it as NAME=DIRECTORY, of a directory that is there.", ctx, param)
        folders[name] = folder
    return folders


@import_.command()
@click.argument("file", type=INPUT_FILE)
@click.option(
    "--files",
    "folders",
    multiple=True,
    metavar="NAME=DIRECTORY",
    callback=_folders,
    help="Where the files of a resource lie, for tasks that name one (file: NAME/ci/unit.yml); repeatable.",
)
@click.pass_context
def concourse(ctx: click.Context, file: str, folders: Mapping[str, str]) -> None:
    """Convert a pipeline of Concourse, and print it as HCL.

    What can't be converted is a comment in its place, and a line on standard error with the reason. FILE may be - for
    standard input. The exit status is 1 if the result is not valid; it is printed all the same.

    Example: pikoci pipeline import concourse ci.yml > pipeline.hcl

    Example: pikoci pipeline import concourse --files repo=. ci/pipeline.yml > pipeline.hcl
    """
    from pikoci.internal.pipeline.concourse import convert, task_files  # with PyYAML

    text, name = read_text(file), shown_name(file)
    found = convert(text, name, {path: _read(path, folders) for path in _within(task_files(text, name), folders)})
    click.echo(found.text, nl=False)
    for loss in found.losses:
        click.echo(f"{name}:{loss.line}: {visible(loss.what)}: {visible(loss.reason)}", err=True)
    loaded = load(found.text, filename="<stdout>", now=datetime.now(UTC), allow_missing_variables=True)
    click.echo(render_diagnostics(loaded.diagnostics), nl=False, err=True)
    ctx.exit(0 if loaded.ok else 1)


def _within(paths: list[str], folders: Mapping[str, str]) -> list[str]:
    """The paths whose resource has a folder."""
    return [path for path in paths if path.partition("/")[0] in folders]


def _read(path: str, folders: Mapping[str, str]) -> str:
    """The text of a task's file. Raises InvalidError where it lies outside of the folder, or cannot be read."""
    name, _, rest = path.partition("/")
    folder = Path(folders[name]).resolve()
    found = (folder / PurePosixPath(rest)).resolve()
    if not found.is_relative_to(folder):
        raise InvalidError(f"the task's file {path} is not in {folders[name]}")
    return read_text(str(found))
