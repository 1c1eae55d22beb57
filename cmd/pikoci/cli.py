"""The tree of commands. A command's module is imported when the command runs, so that `--help` is quick."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import NoReturn

import click

from pikoci import __version__
from pikoci.importing import quick_imports
from pikoci.internal.domain.errors import InvalidPipelineError, PikociError
from pikoci.interrupting import end_at_interrupts_again, end_interrupted, raise_at_interrupts

#: Command -> "module:attribute" and the line that `--help` shows.
COMMANDS = {
    "server": ("pikoci.server.command:server", "Serve the API and the pages, schedule, and run an embedded worker."),
    "worker": ("pikoci.worker.command:worker", "Run the jobs and checks of a server elsewhere."),
    "run": ("pikoci.local_run:run", "Run one job of a pipeline file on this machine, without a server."),
    "pipeline": ("pikoci.client.pipeline:pipeline", "Validate, format, draw, compare and import pipeline files."),
    "client": ("pikoci.client.group:client", "Talk to a server: pipelines, jobs, builds, resources."),
    "worker-token": ("pikoci.server.worker_token:worker_token", "Print a token for standalone workers."),
    "user-password": ("pikoci.server.user_password:user_password", "Print USER:HASH for the server's --users."),
    "completion": ("pikoci.completion:completion", "Print a script that completes commands and names in a shell."),
    "version": ("pikoci.version:version", "Print the version."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        with quick_imports():
            command = getattr(importlib.import_module(module), attribute)
        raise_at_interrupts()
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="pikoci")
def cli() -> None:
    """Run pipelines: server, worker and client in one program."""


def main() -> NoReturn:
    """Run the command line; every error that a user can cause becomes one clear message.

    Exit status: 0 success, 1 the command failed, 2 the command line was wrong, 130 interrupted.
    """
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        end_interrupted()
    except click.ClickException as error:
        from pikoci.mistyped import with_suggestion

        with_suggestion(error).show()
        sys.exit(error.exit_code)
    except PikociError as error:
        show_error(error)
        sys.exit(1)
    except BrokenPipeError:
        _discard_output()
        sys.exit(1)
    except OSError as error:
        _discard_output()
        click.echo(f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
        sys.exit(1)
    finally:
        end_at_interrupts_again()


def _discard_output() -> None:
    """Let what is still buffered go nowhere, or Python would complain at its end that it cannot be written."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def show_error(error: PikociError) -> None:
    """Print an error for people on standard error: the sentence, then the hint."""
    if isinstance(error, InvalidPipelineError):
        from pikoci.shared.diagnostics import render_diagnostics

        click.echo(render_diagnostics(error.diagnostics), nl=False, err=True)
    click.echo(f"Error: {error.message}", err=True)
    if error.hint:
        click.echo(f"Hint: {error.hint}", err=True)
