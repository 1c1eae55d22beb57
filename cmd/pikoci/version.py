"""`pikoci version`."""

from __future__ import annotations

import json

import click

from pikoci import __version__


@click.command()
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def version(output: str) -> None:
    """Print the version.

    Example: pikoci version --output json
    """
    click.echo(json.dumps({"version": __version__}) if output == "json" else f"pikoci {__version__}")
