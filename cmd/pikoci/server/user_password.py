"""`pikoci user-password`."""

from __future__ import annotations

import sys

import bcrypt
import click

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.names import ACCOUNT, MAX_PASSWORD, MIN_PASSWORD


@click.command()
@click.argument("user")
def user_password(user: str) -> None:
    """Print USER:HASH for the server's --users.

    The password is asked for on a terminal, and read from standard input otherwise: never from the command line.

    Example: pikoci user-password alice
    """
    if not ACCOUNT.allows(user):
        raise InvalidError(f"{user[:80]!r} cannot be the name of a user", hint=f"it {ACCOUNT.sentence}")
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    secret = str(password).encode()
    if not MIN_PASSWORD <= len(secret) <= MAX_PASSWORD:
        raise InvalidError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} bytes, this one {len(secret)}")
    click.echo(f"{user}:{bcrypt.hashpw(secret, bcrypt.gensalt()).decode()}")
