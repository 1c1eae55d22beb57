"""Writes the reference of the command line from the commands themselves, so that the two cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pikoci.cli import cli

_INTRODUCTION = """\
# Command line

Exit status: 0 for success, 1 when the command failed (an error, a build that did not succeed, a file that is not
valid), 2 when the command line was wrong, 130 after Ctrl-C. Errors are one sentence on standard error, with a hint.

On a terminal output is coloured, unless `NO_COLOR` is set. With `--output json` a client command prints one JSON
document, with the very objects of the HTTP API. Passwords and tokens of users are never taken from the command line,
where other users of the machine could see them.

A build is named `team/pipeline/job#number`, with the front left out where it is plain. That form stands alone or
wherever `-p`, `-j` and `-b` do: `builds show app/test#3` is `builds show -p app -j test -b 3`. Without `--team` the
team is `main`.

`pikoci client login` keeps a login for each server in `$XDG_CONFIG_HOME/pikoci/client.json` (`~/.config` by default),
which only you can read, and makes that server the one that commands talk to. `--url` or `PIKOCI_URL` name another
server, as `host:port` or a URL; a token in `PIKOCI_TOKEN`, such as `pikoci client tokens create` makes, stands in for
a login, for example in scripts.
"""


def walk_commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command with its full name and a context to ask it with, each group before what is in it."""
    yield from _walk("pikoci", cli, None)


def render_cli_reference() -> str:
    """The reference as Markdown: every command with its text and options, in the order of the help."""
    lines = [line for found in walk_commands() for line in _command(*found)]
    return "\n".join([_INTRODUCTION, *lines]).rstrip("\n") + "\n"


def _walk(
    name: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    ctx = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield name, command, ctx
    if isinstance(command, click.Group):
        for each in command.list_commands(ctx):
            found = command.get_command(ctx, each)
            if found is not None and not found.hidden:
                yield from _walk(f"{name} {each}", found, ctx)


def _command(name: str, command: click.Command, ctx: click.Context) -> Iterator[str]:
    depth = min(name.count(" ") + 2, 4)
    yield f"{'#' * depth} `{name}`"
    yield ""
    yield "```"
    yield f"{name} {' '.join(command.collect_usage_pieces(ctx))}"
    yield "```"
    yield ""
    for paragraph in (command.help or "").split("\n\n"):
        text = " ".join(paragraph.split())
        yield f"Example: `{text.removeprefix('Example: ')}`" if text.startswith("Example: ") else text
        yield ""
    options = [
        found for found in command.get_params(ctx) if isinstance(found, click.Option) and "--help" not in found.opts
    ]
    rows = [row for row in (option.get_help_record(ctx) for option in options) if row]
    if rows:
        yield "| option | meaning |"
        yield "| --- | --- |"
        for names, meaning in rows:
            yield f"| `{_cell(names)}` | {_cell(meaning)} |"
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
