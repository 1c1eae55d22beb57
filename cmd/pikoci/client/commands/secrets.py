"""`pikoci client secrets`."""

from __future__ import annotations

import sys
from typing import Any

import click

from pikoci.client.naming import settle
from pikoci.client.options import other_pipeline_option
from pikoci.client.session import Session, with_session
from pikoci.internal.domain.errors import InvalidError
from pikoci.shared.files import INPUT_FILE, read_text, shown_name


@click.group()
def secrets() -> None:
    """Set, list and delete secrets that the server keeps for pipelines.

    They belong to a team, or with --pipeline to that one alone. A pipeline reads one by
    `variable "x" { secret "pikoci" { key = "NAME" } }`; its own wins over its team's. Nothing gives a value back.

    Example: pikoci client secrets list --team main
    """


@secrets.command("list")
@other_pipeline_option
@with_session
def list_secrets(session: Session, team: str, other: str) -> None:
    """List the names of secrets, and who set them when.

    Example: pikoci client secrets list -p app
    """
    team, pipeline = _owner(team, other)
    found = session.api.secrets.list(team, pipeline)

    def row(one: Any) -> list[str]:
        return [one["name"], session.ago(one["set_at"]), one["set_by"]]

    session.show_table(found, ["secret", "set", "by"], row, f"{_shown(team, pipeline)} has no secrets.")


@secrets.command("set")
@click.argument("name")
@click.option(
    "--file", "-f", type=INPUT_FILE, metavar="FILE", help="Take the value from this file, - for standard input."
)
@other_pipeline_option
@with_session
def set_secret(session: Session, name: str, file: str | None, team: str, other: str) -> None:
    """Keep a value under a name, in place of the one that was there. Builds read it at their next step.

    The value is asked for on a terminal, and read from standard input otherwise: never give one as an argument, which
    other users of the machine can see. The newline at the end of a single line is no part of it; several lines are kept
    as they are.

    Example: pikoci client secrets set DEPLOY_TOKEN -p app < token.txt

    Example: pikoci client secrets set SSH_KEY --team main --file id_ed25519
    """
    team, pipeline = _owner(team, other)
    session.api.secrets.set(name, _value(file), team, pipeline)
    session.say(f"{_shown(team, pipeline)} has the secret {name}.")


@secrets.command("delete")
@click.argument("name")
@other_pipeline_option
@with_session
def delete_secret(session: Session, name: str, team: str, other: str) -> None:
    """Forget a secret. Builds that need it fail from now on.

    Example: pikoci client secrets delete DEPLOY_TOKEN -p app
    """
    team, pipeline = _owner(team, other)
    session.api.secrets.delete(name, team, pipeline)
    session.say(f"Deleted the secret {name} of {_shown(team, pipeline)}.")


def _owner(team: str, other: str) -> tuple[str, str]:
    """The team, and the pipeline or nothing."""
    if not other:
        return team, ""
    named = settle(click.get_current_context(), {"team": team, "pipeline": other})
    return named["team"], named["pipeline"]


def _shown(team: str, pipeline: str) -> str:
    return f"{team}/{pipeline}" if pipeline else f"the team {team}"


def _value(file: str | None) -> str:
    """The secret. Raises InvalidError for an empty one."""
    if file is None and sys.stdin.isatty():
        return str(click.prompt("Value", hide_input=True, confirmation_prompt=True, err=True))
    text = read_text(file or "-")
    line = text.removesuffix("\n").removesuffix("\r")
    value = text if "\n" in line else line
    if not value:
        raise InvalidError(
            f"{shown_name(file or '-')}: there is no value", hint="give it on standard input, or by --file"
        )
    return value
