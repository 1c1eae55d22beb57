"""`pikoci client tokens`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from pikoci.client.naming import settle
from pikoci.client.options import complete
from pikoci.client.session import Session, with_session
from pikoci.client.times import parse_time
from pikoci.internal.domain.api_tokens import DAY
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.suggestions import did_you_mean
from pikoci.shared.options import Duration

_ROLES = ("read", "write", "maintain", "admin")
_DAYS = re.compile(r"([0-9]{1,5})d", re.ASCII)
_NEVER = "never"


class Expiry(click.ParamType[int | str]):
    """Days such as `30d`, or a duration such as `12h`, as whole seconds; or `never`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Turn text into whole seconds."""
        if value == _NEVER:
            return _NEVER
        days = _DAYS.fullmatch(str(value))
        seconds = int(days[1]) * DAY if days else int(Duration().convert(value, param, ctx))
        if seconds < 1:
            self.fail("a token lasts at least a second.", param, ctx)
        return seconds


@click.group()
def tokens() -> None:
    """Make, list and revoke API tokens, for robots and scripts.

    A token stands in for a login: in the variable PIKOCI_TOKEN, or kept by `pikoci client login --token-file`. These
    commands themselves need a login: no token makes or revokes another.

    Example: pikoci client tokens list
    """


@tokens.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="write", show_default=True, help="The most that it may do.")
@click.option("--team", "-t", default="", metavar="TEAM", help="It opens this team alone; all of yours if not given.")
@click.option(
    "--pipeline",
    "-p",
    "other",
    default="",
    metavar="[TEAM/]PIPELINE",
    shell_complete=complete("pipelines"),
    help="It opens this pipeline alone.",
)
@click.option("--of-team", is_flag=True, help="It is the team's own, and stays when you go; for administrators of it.")
@click.option("--read-only", is_flag=True, help="It sees what its role sees, and changes nothing.")
@click.option("--global-admin", is_flag=True, help="It is a global administrator's, as you are; with --role admin.")
@click.option("--expires", type=Expiry(), help="How long it lasts, such as 30d or 12h, or never; 90d if not given.")
@with_session
def create_token(
    session: Session, name: str, team: str, other: str, expires: int | str | None, *, global_admin: bool, **limits: Any
) -> None:
    """Make a token and print it, this once.

    The token stands alone on standard output; what it opens is said on standard error.

    Example: pikoci client tokens create deploy --pipeline main/app --role write --expires 30d > token
    """
    pipeline = ""
    if other:
        named = settle(click.get_current_context(), {"team": team or "main", "pipeline": other})
        team, pipeline = named["team"], named["pipeline"]
    if expires is not None:
        limits["expires_in"] = None if expires == _NEVER else expires
    made = session.api.api_tokens.create(name, team=team, pipeline=pipeline, is_admin=global_admin, **limits)
    if not session.prints_json:
        ends = "it never expires" if made["expires_at"] is None else f"it expires {_day(made['expires_at'])}"
        click.echo(f"The token {name} is for {_opens(made)}; {ends}. It is not shown again.", err=True)
    session.say(made["token"], made)


def _owner_options(function: Callable[..., None]) -> Callable[..., None]:
    function = click.option("--user", "-U", default="", metavar="NAME", help="Another user's; for administrators.")(
        function
    )
    return click.option("--team", "-t", default="", metavar="TEAM", help="The team's own, for its administrators.")(
        function
    )


@tokens.command("list")
@_owner_options
@with_session
def list_tokens(session: Session, team: str, user: str) -> None:
    """List your tokens, or those that are a team's own, and when they were last used; never the tokens themselves.

    Example: pikoci client tokens list --team main
    """

    def row(one: Any) -> list[str]:
        used = f"{session.ago(one['last_used_at'])} from {one['last_used_from']}" if one["last_used_at"] else "never"
        expires = "never" if one["expires_at"] is None else _day(one["expires_at"])
        if one["expires_at"] is not None and parse_time(one["expires_at"]) <= session.now():
            expires = "expired"
        return [str(one["id"]), one["name"], _opens(one), session.ago(one["created_at"]), expires, used]

    headings = ["id", "token", "opens", "made", "expires", "last used"]
    session.show_table(session.api.api_tokens.list(team, user), headings, row, "There are no tokens.")


@tokens.command("delete")
@click.argument("token", metavar="NAME|ID")
@_owner_options
@with_session
def delete_token(session: Session, token: str, team: str, user: str) -> None:
    """Revoke a token: it is refused from now on, and what it follows ends within seconds.

    Example: pikoci client tokens delete deploy
    """
    known = {str(one["name"]): int(one["id"]) for one in session.api.api_tokens.list(team, user)}
    if token not in known and not (token.isascii() and token.isdecimal()):
        raise NotFoundError(f"there is no token {token}", hint=did_you_mean(token, known))
    session.api.api_tokens.revoke(known.get(token) or int(token))
    session.say(f"Revoked the token {token}.")


def _opens(one: Any) -> str:
    """What a token opens, in words."""
    if one["pipeline"]:
        where = f"{one['team']}/{one['pipeline']}"
    else:
        where = f"team {one['team']}" if one["team"] else "all teams"
    role = "global administration" if one["is_admin"] else f"role {one['role']}"
    return f"{where}, {role}{', reading only' if one['read_only'] else ''}"


def _day(when: str) -> str:
    return datetime.fromtimestamp(parse_time(when), UTC).strftime("%Y-%m-%d %H:%M UTC")
