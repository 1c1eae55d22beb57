"""`pikoci client users` and `pikoci client teams`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.commands.account import ask
from pikoci.client.options import team_option
from pikoci.client.session import Session, with_session

_ROLES = ("read", "write", "maintain", "admin")


@click.group()
def users() -> None:
    """Show and make users.

    Example: pikoci client users list
    """


@users.command("list")
@with_session
def list_users(session: Session) -> None:
    """List all users; for administrators.

    Example: pikoci client users list
    """

    def row(one: Any) -> list[str]:
        notes = [
            note
            for note, key in (("administrator", "is_admin"), ("new password due", "must_change_password"))
            if one[key]
        ]
        return [one["name"], ", ".join(notes) or "-"]

    session.show_table(session.api.users.list(), ["user", "notes"], row, "There are no users.")


@users.command("create")
@click.argument("name")
@click.option("--admin", is_flag=True, help="Make a global administrator.")
@with_session
def create_user(session: Session, name: str, *, admin: bool) -> None:
    """Make a user, who must change the password at the first login; for administrators.

    The password is asked for on a terminal, and read from standard input otherwise.

    Example: pikoci client users create alice
    """
    password = ask("Password of the new user", hide=True, again=True)
    answer = session.api.users.create(name, password, is_admin=admin)
    session.say(f"Made the user {name}.", answer)


@click.group()
def teams() -> None:
    """Show and make teams, and say who is in them.

    Example: pikoci client teams list
    """


@teams.command("list")
@with_session
def list_teams(session: Session) -> None:
    """List the teams that you are in; all of them for administrators.

    Example: pikoci client teams list
    """
    session.show_table(session.api.teams.list(), ["team"], lambda one: [one["name"]], "You are in no team.")


@teams.command("create")
@click.argument("name")
@with_session
def create_team(session: Session, name: str) -> None:
    """Make a team; for administrators.

    Example: pikoci client teams create mobile
    """
    session.say(f"Made the team {name}.", session.api.teams.create(name))


@teams.command()
@team_option
@with_session
def members(session: Session, team: str) -> None:
    """List the members of a team.

    Example: pikoci client teams members --team main
    """
    found = session.api.teams.members(team)
    session.show_table(
        found, ["user", "role"], lambda one: [one["name"], one["role"]], f"The team {team} has no members."
    )


@teams.command("add-member")
@click.argument("user")
@team_option
@click.option("--role", type=click.Choice(_ROLES), default="write", show_default=True, help="What the member may do.")
@with_session
def add_member(session: Session, user: str, team: str, role: str) -> None:
    """Put a user in a team, or change the role there.

    Example: pikoci client teams add-member alice --team main --role maintain
    """
    session.api.teams.set_member(team, user, role)
    session.say(f"{user} is in the team {team} with the role {role}.")


@teams.command("remove-member")
@click.argument("user")
@team_option
@with_session
def remove_member(session: Session, user: str, team: str) -> None:
    """Take a user out of a team.

    Example: pikoci client teams remove-member alice --team main
    """
    session.api.teams.remove_member(team, user)
    session.say(f"{user} is no longer in the team {team}.")
