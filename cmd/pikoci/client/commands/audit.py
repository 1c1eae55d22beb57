"""`pikoci client audit`: who changed what."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import click

from pikoci.client.options import limit_option
from pikoci.client.session import Session, with_session
from pikoci.client.times import parse_time
from pikoci.internal.domain.duration import InvalidDurationError, parse_duration
from pikoci.interrupting import end_interrupted
from pikoci.pkg.client import ServerUnreachableError
from pikoci.shared.terminal import visible

_PERIOD = 2.0
#: Entries of other servers may be seen this much later than newer ones.
_OVERLAP = 60.0
_HEADINGS = ("when", "who", "what", "on", "from", "outcome", "detail")


class Moment(click.ParamType[str]):
    """A time such as `2026-01-31T12:00:00Z`, or how long ago, such as `24h`; its value is RFC 3339."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Turn text into a time of the API."""
        text = str(value)
        try:
            return _written(time.time() - parse_duration(text))
        except InvalidDurationError:
            pass
        try:
            return _written(parse_time(text))
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 2026-01-31T12:00:00Z, or 24h for a day ago", param, ctx)


@click.group()
def audit() -> None:
    """Show who changed what, for administrators.

    Example: pikoci client audit list --team main --since 24h
    """


@audit.command("list")
@click.option(
    "--team", "-t", default="", metavar="TEAM", help="One team's entries; all, also the server's own, if not given."
)
@click.option("--actor", default="", help="Who did it: a user, `worker NAME`, `webhook` or `system`.")
@click.option("--action", default="", help="What was done: `pipeline.set`, or `pipeline.` for all about pipelines.")
@click.option("--object", "thing", default="", help="On what: main/app, and all that is below it.")
@click.option(
    "--outcome", default="", help="How it ended: `done`, `refused`, or a problem such as `permission-denied`."
)
@click.option("--since", type=Moment(), default=None, help="From this time on, or from so long ago: 24h.")
@click.option("--until", type=Moment(), default=None, help="Up to this time.")
@click.option("--json-lines", "as_lines", is_flag=True, help="Print a JSON object a line, the oldest first.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, the oldest first, until interrupted.")
@limit_option
@with_session
def list_entries(
    session: Session, team: str, thing: str, *, limit: int, as_lines: bool, follow: bool, **filters: str | None
) -> None:
    """List changes and refusals, newest first; for administrators of the team, or of the server.

    Example: pikoci client audit list --team main --action pipeline. --since 24h

    Example: pikoci client audit list --json-lines --follow
    """
    wanted = {name: text for name, text in {**filters, "object": thing}.items() if text}
    entries = session.api.audit.list(team, **wanted)
    if not as_lines and not follow:
        session.show_table(entries, _HEADINGS, lambda one: _row(session, one), "There are no such entries.", limit)
        return
    found = list(islice(entries, limit))
    coming = _coming(session, team, wanted, found) if follow else iter(())
    try:
        for one in chain(reversed(found), coming):
            click.echo(json.dumps(one, ensure_ascii=False) if as_lines or session.prints_json else _line(one))
    except KeyboardInterrupt:
        end_interrupted()


def _coming(session: Session, team: str, wanted: Mapping[str, str], known: Iterable[Any]) -> Iterator[Any]:
    """Entries that are not known, as they come."""
    seen = {one["id"]: parse_time(one["at"]) for one in known}
    newest = max(seen.values(), default=session.now())
    while True:
        time.sleep(_PERIOD)
        since = _written(newest - _OVERLAP)
        try:
            found = list(session.api.audit.list(team, **{**wanted, "since": since}))
        except ServerUnreachableError:
            continue
        new = [one for one in reversed(found) if one["id"] not in seen]
        yield from new
        seen |= {one["id"]: parse_time(one["at"]) for one in new}
        newest = max(newest, *seen.values()) if seen else newest
        seen = {known_id: at for known_id, at in seen.items() if at >= newest - 2 * _OVERLAP}


def _row(session: Session, one: Any) -> list[str]:
    return [session.ago(one["at"]), *_cells(one)]


def _line(one: Any) -> str:
    return "  ".join(visible(cell) for cell in [one["at"], *_cells(one)])


def _cells(one: Any) -> list[str]:
    detail = " ".join(f"{name}={text}" for name, text in one["detail"].items())
    outcome = one["outcome"] if one["count"] == 1 else f"{one['outcome']} ({one['count']} times)"
    return [one["actor"] or "-", one["action"], one["object"] or "-", one["address"] or "-", outcome, detail or "-"]


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
