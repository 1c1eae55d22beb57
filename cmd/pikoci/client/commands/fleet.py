"""`pikoci client workers`, `pikoci client queues` and `pikoci client version`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pikoci.client.actions import Call, add_action
from pikoci.client.session import Session, with_session
from pikoci.client.tables import Styled

_COLORS = {"running": "green", "draining": "yellow", "cordoned": "yellow", "stalled": "red"}


def _worker_argument(function: Callable[..., None]) -> Callable[..., None]:
    return click.argument("worker", metavar="NAME")(function)


@click.group()
def workers() -> None:
    """Show, drain and cordon workers.

    Example: pikoci client workers list
    """


@workers.command("list")
@with_session
def list_workers(session: Session) -> None:
    """List the workers and what they run.

    Example: pikoci client workers list
    """

    def row(one: Any) -> list[str]:
        running = ", ".join(f"{build['job']} #{build['number']}" for build in one["builds"])
        return [
            one["name"],
            Styled(one["state"], _COLORS.get(one["state"])),
            one["version"],
            ",".join(one["queues"]),
            str(one["concurrency"]),
            ",".join(one["tags"]) or "-",
            session.ago(one["last_seen_at"]),
            running or "-",
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


_ACTIONS: dict[str, tuple[Call, str, str]] = {
    "drain": (
        lambda api, named: api.workers.drain(named["worker"]),
        "Let a worker finish what it runs, and end.",
        "{worker} is told to drain.",
    ),
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
    """List the queues and how many messages wait in each.

    Example: pikoci client queues list --output json
    """

    def row(one: Any) -> list[str]:
        return [one["name"], "unknown" if one["depth"] is None else str(one["depth"])]

    session.show_table(session.api.workers.queues(), ["queue", "waiting"], row, "There are no queues.")


@click.command()
@with_session
def version(session: Session) -> None:
    """Show the version of the server.

    Example: pikoci client version
    """
    number = session.api.version()
    session.say(f"{session.url} runs pikoci {number}", {"version": number})
