"""`login`, `logout`, `whoami` and `password`."""

from __future__ import annotations

import os
import sys

import click

from pikoci.client.errors import TOKEN_VARIABLE
from pikoci.client.logins import Login
from pikoci.client.session import Session, with_session
from pikoci.internal.domain.errors import InvalidError, UnauthenticatedError
from pikoci.pkg.client import ApiError


@click.command()
@click.option("--user", "-U", default="", metavar="NAME", help="Who logs in; asked for if not given.")
@with_session
def login(session: Session, user: str) -> None:
    """Log in, and keep the login for later commands.

    The password is asked for on a terminal, and read from standard input otherwise: never from the command line. The
    token is kept in a file that only you can read, one for each server.

    Example: pikoci client login --url https://ci.example.com --user alice
    """
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


@click.command()
@with_session
def logout(session: Session) -> None:
    """Forget the login at a server.

    Example: pikoci client logout
    """
    known = session.logins.forget(session.url)
    session.say(f"Logged out of {session.url}." if known else f"There was no login at {session.url}.")


@click.command()
@with_session
def whoami(session: Session) -> None:
    """Show who you are to the server, and what you may do.

    Example: pikoci client whoami
    """
    profile = session.api.profile()
    teams = ", ".join(f"{team} ({role})" for team, role in profile["teams"].items())
    facts = [("server", session.url), ("user", profile["name"]), ("teams", teams)]
    session.show_facts(profile, [*facts, ("administrator", "yes" if profile["is_admin"] else "no")])


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
