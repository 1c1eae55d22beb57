"""`pikoci client sessions`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.session import Session, with_session

_user_option = click.option("--user", "-U", default="", metavar="NAME", help="Another user's; for administrators.")


@click.group()
def sessions() -> None:
    """Show and end sessions: each login, of a browser or a command line, is one.

    Example: pikoci client sessions list
    """


@sessions.command("list")
@_user_option
@with_session
def list_sessions(session: Session, user: str) -> None:
    """List the open sessions, newest first.

    Example: pikoci client sessions list
    """

    def row(one: Any) -> list[str]:
        mark = " (this one)" if one["is_current"] else ""
        used = f"{session.ago(one['last_used_at'])} from {one['address'] or 'nowhere'}"
        return [f"{one['id']}{mark}", session.ago(one["created_at"]), used, one["client"] or "-"]

    session.show_table(
        session.api.sessions.list(user), ["id", "begun", "last used", "client"], row, "There are no sessions."
    )


@sessions.command("end")
@click.argument("session_id", default="", metavar="[ID]")
@click.option("--all", "all_others", is_flag=True, help="End all of them but this one.")
@_user_option
@with_session
def end_sessions(session: Session, session_id: str, user: str, *, all_others: bool) -> None:
    """End a session, or all but this one: what was opened with it is refused from now on.

    Example: pikoci client sessions end 3f1c09a2d4e85b673f1c09a2d4e85b67

    Example: pikoci client sessions end --all
    """
    if bool(session_id) == all_others:
        raise click.UsageError("Give either the id of a session or --all.")
    if all_others:
        session.api.sessions.end_others(user)
        session.say(f"Ended the sessions of {user}." if user else "Ended all other sessions.")
        return
    session.api.sessions.end(session_id)
    session.say(f"Ended the session {session_id}.")
