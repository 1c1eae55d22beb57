"""`pikoci client workers`, `worker-tokens`, `queues` and `version`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from pikoci.client.actions import Call, add_action
from pikoci.client.commands.account import ask
from pikoci.client.draining import wait_drained
from pikoci.client.session import Session, with_session
from pikoci.client.tables import Styled
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.times import short_duration
from pikoci.pkg.client import ClientError
from pikoci.pkg.client.fleet import token_id_of
from pikoci.shared.options import TAGS_HELP, Duration, NameList

_COLORS = {"running": "green", "draining": "yellow", "cordoned": "yellow", "ended": "yellow", "stalled": "red"}


def _worker_argument(function: Callable[..., None]) -> Callable[..., None]:
    return click.argument("worker", metavar="NAME")(function)


@click.group()
def workers() -> None:
    """Show, drain and cordon workers.

    Example: pikoci client workers list
    """


def shorten_queues(queues: Sequence[str]) -> str:
    """Queue names for a table: those of sets of tags, which the worker's tags tell, are only counted."""
    plain = [queue for queue in queues if "." not in queue]
    tagged = len(queues) - len(plain)
    return ",".join([*plain, *([f"{tagged} for tags"] if tagged else [])])


@workers.command("list")
@with_session
def list_workers(session: Session) -> None:
    """List the workers and what they run.

    Example: pikoci client workers list
    """

    def row(one: Any) -> list[str]:
        running = ", ".join(build["name"] for build in one["builds"])
        if hidden := one.get("busy", 0) - len(one["builds"]):
            running = f"{running} and {hidden} others" if running else f"{hidden} builds"
        state = Styled(one["state"], _COLORS.get(one["state"]))
        return [
            one["name"],
            state if one["wanted"] in {"", one["state"]} else f"{one['state']}, to be {one['wanted']}",
            one["version"],
            shorten_queues(one["queues"]),
            str(one["concurrency"]),
            ",".join(one["tags"]) or "-",
            session.ago(one["last_seen_at"]),
            running or (f"{one['checks']} checks" if one["checks"] else "-"),
        ]

    headings = ["worker", "state", "version", "queues", "slots", "tags", "seen", "runs"]
    session.show_table(session.api.workers.list(), headings, row, "No worker is connected.")


@workers.command()
@_worker_argument
@with_session
def delete(session: Session, worker: str) -> None:
    """Forget a worker that is gone.

    Example: pikoci client workers delete builder-3
    """
    session.api.workers.delete(worker)
    session.say(f"Forgot the worker {worker}.")


@workers.command()
@_worker_argument
@click.option("--wait", is_flag=True, help="Return once the worker runs nothing any more.")
@click.option("--timeout", type=Duration(), default="15m", show_default=True, help="The longest wait.")
@with_session
def drain(session: Session, worker: str, *, wait: bool, timeout: float) -> None:
    """Let a worker finish what it runs, and end.

    With --wait, exit status 1 says that it still runs something after --timeout.

    Example: pikoci client workers drain builder-3 --wait --timeout 30m
    """
    before = session.api.workers.get(worker)
    session.api.workers.drain(worker)
    if not wait:
        session.say(f"{worker} is told to drain.")
        return
    end = wait_drained(session.api, before, timeout, time.monotonic, time.sleep)
    session.say(f"{worker} {end}.", {"worker": worker, "end": end})


_ACTIONS: dict[str, tuple[Call, str, str]] = {
    "cordon": (
        lambda api, named: api.workers.cordon(named["worker"]),
        "Give a worker nothing new until it is uncordoned.",
        "{worker} is told to take nothing new.",
    ),
    "uncordon": (
        lambda api, named: api.workers.uncordon(named["worker"]),
        "Give a cordoned worker work again.",
        "{worker} is told to take work again.",
    ),
}
for _name, (_call, _help, _done) in _ACTIONS.items():
    add_action(workers, _name, _worker_argument, _call, (_help, "builder-3", _done))


@click.group()
def queues() -> None:
    """Show the queues.

    Example: pikoci client queues list
    """


@queues.command("list")
@with_session
def list_queues(session: Session) -> None:
    """List the queues and what waits in each.

    Example: pikoci client queues list --output json
    """

    def row(one: Any) -> list[str]:
        known = one["depth"] is not None
        oldest = "-" if one["oldest_seconds"] is None else short_duration(one["oldest_seconds"])
        counts = [str(one["depth"]), str(one["in_flight"])] if known else ["unknown", "unknown"]
        return [one["name"], *counts, oldest]

    headings = ["queue", "waiting", "in flight", "oldest"]
    session.show_table(session.api.workers.queues(), headings, row, "There are no queues.")


@click.group("worker-tokens")
def worker_tokens() -> None:
    """Make, list and revoke the tokens of workers.

    Example: pikoci client worker-tokens list
    """


@worker_tokens.command("list")
@with_session
def list_tokens(session: Session) -> None:
    """List the tokens that were made, used or revoked at this server; never the tokens themselves.

    Example: pikoci client worker-tokens list
    """

    def row(one: Any) -> list[str]:
        revoked = f"{session.ago(one['revoked_at'])} by {one['revoked_by']}" if one["revoked_at"] else "-"
        made_by = one["created_by"] or "pikoci worker-token"
        tags = "any" if one["tags"] is None else ",".join(one["tags"]) or "none"
        return [one["id"], one["team"] or "all", tags, session.ago(one["created_at"]), made_by, revoked]

    headings = ["id", "team", "tags", "made", "by", "revoked"]
    session.show_table(session.api.worker_tokens.list(), headings, row, "No worker token is known here.")


@worker_tokens.command("create")
@click.option("--team", default="", help="The token opens this team's work only; every team's if not given.")
@click.option("--tags", type=NameList(), help=TAGS_HELP)
@with_session
def create_token(session: Session, team: str, tags: tuple[str, ...] | None) -> None:
    """Make a token for workers and print it, this once.

    Example: pikoci client worker-tokens create --team mobile --tags mac,xcode
    """
    made = session.api.worker_tokens.create(team, tags)
    session.say(made["token"], made)


@worker_tokens.command("revoke")
@click.argument("given", default="", metavar="[ID]")
@with_session
def revoke_token(session: Session, given: str) -> None:
    """Refuse a token from now on; its workers stop, and what they run is run again elsewhere.

    The token is named by its id. Without one, the id or the token itself is read from standard input; the token is not
    sent anywhere.

    Example: pikoci client worker-tokens revoke 3f1c09a2d4e85b67

    Example: pikoci client worker-tokens revoke < worker-token
    """
    try:
        token_id = token_id_of(given or ask("Token or id", hide=True))
    except ClientError as error:
        raise InvalidError(str(error), hint="`pikoci client worker-tokens list` has the ids") from error
    session.api.worker_tokens.revoke(token_id)
    session.say(f"Revoked the worker token {token_id}.")


@click.command()
@with_session
def version(session: Session) -> None:
    """Show the version of the server.

    Example: pikoci client version
    """
    number = session.api.version()
    session.say(f"{session.url} runs pikoci {number}", {"version": number})
