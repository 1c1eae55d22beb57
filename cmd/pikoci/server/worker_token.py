"""`pikoci worker-token`."""

from __future__ import annotations

import json
from typing import IO

import click

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.limits import MIN_SECRET
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.tokens import TokenService
from pikoci.shared.log import configure_logging
from pikoci.shared.options import TAGS_HELP, NameList, setting
from pikoci.shared.terminal import output_option


@click.command()
@setting(
    "--jwt-secret",
    default="",
    secret=True,
    help="The server's secret; prefer the variable, or --jwt-secret-file: `ps` shows neither.",
)
@click.option(
    "--jwt-secret-file", type=click.File(encoding="utf-8"), help="File with the secret, - for standard input."
)
@setting("--team", default="", help="The token opens this team's work only; every team's if not given.")
@click.option("--tags", type=NameList(), help=TAGS_HELP)
@output_option
def worker_token(
    jwt_secret: str, jwt_secret_file: IO[str] | None, team: str, tags: tuple[str, ...] | None, output: str
) -> None:
    """Print a token for standalone workers, made with the server's secret.

    The token does not expire; another secret ends it.

    Example: JWT_SECRET=... pikoci worker-token

    Example: pikoci worker-token --jwt-secret-file jwt-secret --team main --tags gpu,vpn
    """
    secret = jwt_secret_file.read().rstrip("\r\n") if jwt_secret_file else jwt_secret
    if not secret:
        raise InvalidError(
            "the server's secret is missing", hint="set JWT_SECRET, or give --jwt-secret or --jwt-secret-file"
        )
    if len(secret.encode()) < MIN_SECRET:
        click.echo(f"Warning: the secret has fewer than {MIN_SECRET} bytes and can be guessed.", err=True)
    configure_logging("error")  # what the service would log about the secret is said above
    token = TokenService(secret, SystemClock(), ServiceSettings()).worker_token(team, tags)
    made = {"token": token, "team": team, "tags": None if tags is None else sorted(tags)}
    click.echo(json.dumps(made) if output == "json" else token)
