"""`pikoci completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print a script that teaches a shell to complete the commands and options.

    Names of pipelines, jobs and resources are completed, too, if the server answers within a second.

    Example: source <(pikoci completion bash)

    Example: pikoci completion fish > ~/.config/fish/completions/pikoci.fish
    """
    from pikoci.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "pikoci", "_PIKOCI_COMPLETE").source())
