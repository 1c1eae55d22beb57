"""What every client command has: a server, a token, and a way to print."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import click

from pikoci.client.errors import TOKEN_VARIABLE, Credentials, clear_errors, not_logged_in
from pikoci.client.logins import LoginStore, config_directory
from pikoci.client.naming import settle
from pikoci.client.tables import Styled, render_facts, render_table
from pikoci.client.times import parse_time
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.times import relative_time
from pikoci.pkg.client import Client
from pikoci.pkg.client.transport import normalized
from pikoci.shared.build_display import status_color
from pikoci.shared.terminal import output_option, quiet_interrupts, respect_no_color

DEFAULT_URL = "http://localhost:8080"


class Session:
    """One command's view of one server. Raises ClientError for what cannot be a URL."""

    def __init__(self, url: str, token: str, logins: LoginStore, output: str, now: Callable[[], float]) -> None:
        self.url = url
        self.api = Client(url, token or None)
        self.logins = logins
        self.now = now
        self._output = output
        self._has_token = bool(token)

    @property
    def prints_json(self) -> bool:
        """Whether the one thing printed is a JSON document."""
        return self._output == "json"

    def show(self, value: Any, text: Callable[[], str]) -> None:
        """Print an object of the API: as JSON, or as `text` makes it, which ends in a newline."""
        if self.prints_json:
            self.show_json(value)
        else:
            click.echo(text(), nl=False)

    def show_json(self, value: Any) -> None:
        """Print an object of the API as JSON, whatever was asked for."""
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))

    def show_table(
        self,
        items: Iterator[Any],
        headings: Sequence[str],
        row: Callable[[Any], Sequence[str]],
        empty: str,
        limit: int | None = None,
    ) -> None:
        """Print a list of the API: as JSON, or as a table; `empty` is said where there is nothing."""
        found = list(islice(items, limit))
        if not found and not self._has_token and not self.prints_json:
            click.echo(f"Hint: {not_logged_in(self.url)}", err=True)
        self.show({"items": found}, lambda: render_table(headings, map(row, found)) if found else f"{empty}\n")

    def show_facts(self, value: Any, facts: Iterable[tuple[str, str]]) -> None:
        """Print an object of the API: as JSON, or as names and values."""
        self.show(value, lambda: render_facts(facts))

    def say(self, sentence: str, value: Any = None) -> None:
        """Print that something was done: the sentence, or the server's answer as JSON (an empty object if none)."""
        self.show({} if value is None else value, lambda: f"{sentence}\n")

    def ago(self, when: str | None) -> str:
        """A time of the API as people say it; a dash where it has not happened."""
        return relative_time(parse_time(when), self.now()) if when else "-"


def choose_server(url: str, logins: LoginStore) -> tuple[str, str]:
    """The URL and the token: of `url`, else of the last login, else of `DEFAULT_URL`; PIKOCI_TOKEN beats the login.

    The token is empty if there is none. Raises ClientError for what cannot be a URL, InvalidError for damaged logins
    and for what cannot be a token.
    """
    known = logins.load()
    chosen = normalized(url or known.current or DEFAULT_URL)
    login = known.servers.get(chosen)
    return chosen, _token_in_variable() or (login.token if login else "")


def _token_in_variable() -> str:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidError(
            f"what the variable {TOKEN_VARIABLE} holds cannot be a token",
            hint=f"put a token into it, or `unset {TOKEN_VARIABLE}` to use the login",
        )
    return token


def login_store() -> LoginStore:
    """The user's own."""
    return LoginStore(config_directory(os.environ))


def with_session(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--url` and `--output`, and a Session as its first argument, closed when the command ends."""

    @output_option
    @click.option(
        "--url",
        "-u",
        "--pikoci-url",
        "url",
        envvar="PIKOCI_URL",
        show_envvar=True,
        default="",
        metavar="URL",
        help=f"The server; that of the last login if not given, else {DEFAULT_URL}.",
    )
    @click.pass_context
    @functools.wraps(function)
    def run(ctx: click.Context, /, *args: Any, url: str, output: str, **values: Any) -> None:
        values = settle(ctx, values)
        respect_no_color(ctx)
        quiet_interrupts()
        logins = login_store()
        with clear_errors(url):
            chosen, token = choose_server(url, logins)
        credentials = Credentials.LOGIN if token else Credentials.NONE
        with clear_errors(chosen, Credentials.VARIABLE if _token_in_variable() else credentials):
            session = Session(chosen, token, logins, output, time.time)
            with session.api:
                function(session, *args, **_with_full_names(session, values))

    return run


def _with_full_names(session: Session, values: dict[str, Any]) -> dict[str, Any]:
    """The options' values; a resource that was named without its type has it."""
    resource = values.get("resource", ".")
    if "." in resource:
        return values
    found = session.api.resources.get(values["team"], values["pipeline"], resource)
    return {**values, "resource": found["name"]}


def standing_cells(status: Any) -> list[str]:
    """The cells of a thing's `last` and `now`, which are two columns, so that neither hides the other."""
    return [status_cell(status["last"]), status_cell(status["now"])]


def standing_facts(status: Any) -> list[tuple[str, str]]:
    """The same as facts."""
    return list(zip(("last", "now"), standing_cells(status), strict=True))


def status_cell(status: str | None) -> str:
    """A status in its colour; a dash for none."""
    return Styled(status, status_color(status)) if status else "-"
