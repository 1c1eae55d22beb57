"""`pikoci user-password`."""

from __future__ import annotations

import sys

import bcrypt
import click

from pikoci.internal.domain.errors import InvalidError

#: bcrypt reads no more than this many bytes; longer passwords would be cut without a word.
MAX_BYTES = 72


@click.command()
@click.argument("user")
def user_password(user: str) -> None:
    """Print USER:HASH for the server's --users.

    The password is asked for on a terminal, and read from standard input otherwise: never from the command line.

    Example: pikoci user-password alice
    """
    if not user or ":" in user or "," in user:
        raise InvalidError(f"{user!r} cannot be a user's name", hint="leave out colons and commas")
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    secret = str(password).encode()
    if not 8 <= len(secret) <= MAX_BYTES:
        raise InvalidError(f"a password has 8 to {MAX_BYTES} bytes, this one {len(secret)}")
    click.echo(f"{user}:{bcrypt.hashpw(secret, bcrypt.gensalt()).decode()}")
