"""`login`, `logout`, `whoami` and `password`."""

from __future__ import annotations

import os
import sys
from http import HTTPStatus

import click

from pikoci.client.errors import TOKEN_VARIABLE
from pikoci.client.logins import Login
from pikoci.client.session import Session, with_session
from pikoci.internal.domain.api_tokens import is_api_token, is_whole
from pikoci.internal.domain.errors import InvalidError, UnauthenticatedError
from pikoci.pkg.client import ApiError, Client, ClientError
from pikoci.shared.files import INPUT_FILE, read_text, shown_name

#: Seconds that a logout waits for a server that does not answer.
_PATIENCE = 5.0


@click.command()
@click.option("--user", "-U", default="", metavar="NAME", help="Who logs in; asked for if not given.")
@click.option(
    "--token-file", type=INPUT_FILE, metavar="FILE", help="Use the API token in this file, - for standard input."
)
@with_session
def login(session: Session, user: str, token_file: str | None) -> None:
    """Log in, and keep the login for later commands.

    The password is asked for on a terminal, and read from standard input otherwise: never from the command line. The
    token is kept in a file that only you can read, one for each server. With --token-file no session begins: an API
    token is kept, of `pikoci client tokens create`.

    Example: pikoci client login --url https://ci.example.com --user alice

    Example: pikoci client login --url https://ci.example.com --token-file token
    """
    if token_file is not None:
        if user:
            raise click.UsageError("--user and --token-file exclude each other: a token says whose it is.")
        keep_token(session, token_file)
        return
    name = user or ask("User")
    password = ask("Password", hide=True)
    try:
        token = session.api.login(name, password)
    except ApiError as error:
        if error.kind != "unauthenticated":
            raise
        raise UnauthenticatedError(error.detail) from error
    session.logins.keep(session.url, Login(name, token))
    profile = session.api.profile()
    session.say(f"Logged in to {session.url} as {name}.", profile)
    if profile["must_change_password"]:
        click.echo("The password must be changed before anything else: run `pikoci client password`.", err=True)


def keep_token(session: Session, token_file: str) -> None:
    """Keep the API token of a file, if the server takes it. Raises InvalidError for what cannot be one, unshown."""
    token = read_text(token_file).strip()
    if not is_whole(token):
        raise InvalidError(
            f"{shown_name(token_file)} holds no API token", hint="make one with `pikoci client tokens create`"
        )
    with Client(session.url, token) as api:
        try:
            profile = api.profile()
        except ApiError as error:
            if error.kind != "unauthenticated":
                raise
            raise UnauthenticatedError(error.detail, hint=error.hint) from error
    session.logins.keep(session.url, Login(profile["name"], token))
    session.say(f"Logged in to {session.url} as {profile['name']}, with the token {profile['token']['name']}.", profile)


@click.command()
@with_session
def logout(session: Session) -> None:
    """End the session at a server, and forget the login. An API token is forgotten, and not revoked.

    Example: pikoci client logout
    """
    login = session.logins.load().servers.get(session.url)
    if login is not None and not is_api_token(login.token):
        end_session(session, login)
    known = session.logins.forget(session.url)
    session.say(f"Logged out of {session.url}." if known else f"There was no login at {session.url}.")


def end_session(session: Session, login: Login) -> None:
    """Let the server refuse the login's token from now on; one that it cannot be told stays good, and that is said."""
    try:
        with Client(session.url, login.token, timeout=_PATIENCE) as api:
            api.logout()
    except ClientError as error:
        if not isinstance(error, ApiError) or error.status != HTTPStatus.UNAUTHORIZED:
            click.echo(f"The token stays good until it runs out, since it was not ended: {error}", err=True)


@click.command()
@with_session
def whoami(session: Session) -> None:
    """Show who you are to the server, and what you may do.

    Example: pikoci client whoami
    """
    profile = session.api.profile()
    teams = ", ".join(f"{team} ({role})" for team, role in profile["teams"].items())
    token = profile.get("token")
    facts = [
        ("server", session.url),
        ("user", profile["name"]),
        ("token", f"{token['name']}, role {token['role']}" if token else ""),
        ("teams", teams),
        ("administrator", "yes" if profile["is_admin"] else "no"),
    ]
    session.show_facts(profile, facts)


@click.command()
@with_session
def password(session: Session) -> None:
    """Change your password.

    Both are asked for on a terminal; otherwise standard input has the current one on its first line and the new one on
    its second. Every session ends with it; this one is opened again.

    Example: pikoci client password
    """
    profile = session.api.profile()
    current = ask("Current password", hide=True)
    new = ask("New password", hide=True, again=True)
    token = session.api.change_password(current, new)
    if os.environ.get(TOKEN_VARIABLE):
        click.echo(f"The token in {TOKEN_VARIABLE} is void now.", err=True)
    session.logins.keep(session.url, Login(profile["name"], token))
    session.say(f"The password of {profile['name']} is changed.")


def ask(what: str, *, hide: bool = False, again: bool = False) -> str:
    """An answer from the terminal, else the next line of standard input. Raises InvalidError for an empty one."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=hide, confirmation_prompt=again, err=True))
    answer = sys.stdin.readline().rstrip("\r\n")
    if not answer:
        raise InvalidError(f"{what.lower()}: nothing came on standard input", hint="give it a line, or use a terminal")
    return answer
