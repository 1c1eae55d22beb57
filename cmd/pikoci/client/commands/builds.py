"""`pikoci client builds`."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from pikoci.client.follow import BuildKey, follow_build
from pikoci.client.options import build_option, job_option, limit_option
from pikoci.client.session import Session, status_cell, with_session
from pikoci.client.tables import render_facts, render_table
from pikoci.client.times import parse_time
from pikoci.internal.domain.build import BLOCK_KINDS, BuildStatus, block_depth
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.job_inputs import text_of
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.times import short_duration

#: What `--follow` does.
FOLLOW_HELP = "Show it live; exit as the build does: 0 if it succeeded or is a warning, else 1."


@click.group()
def builds() -> None:
    """Show, follow, approve, cancel and retry builds.

    Example: pikoci client builds follow app/test#3
    """


@builds.command("list")
@job_option
@limit_option
@click.option("--status", default="", metavar="STATUS,...", help="Only builds that stand so, such as failed,errored.")
@with_session
def list_builds(session: Session, team: str, pipeline: str, job: str, limit: int, status: str) -> None:
    """List the builds of a job, newest first.

    Example: pikoci client builds list -p app -j test --status failed --limit 10
    """
    statuses = [one.strip() for one in status.split(",") if one.strip()]
    found = session.api.builds.list(team, pipeline, job, statuses, page=min(limit, 200))

    def row(one: Any) -> list[str]:
        return [
            f"#{one['number']}",
            status_cell(one["status"]),
            session.ago(one["created_at"]),
            _took(session, one),
            one["worker"] or "-",
            one["reason"] or "-",
        ]

    headings = ["build", "status", "created", "took", "worker", "reason"]
    session.show_table(found, headings, row, f"{team}/{pipeline}/{job} has no such builds.", limit)


@builds.command()
@build_option
@with_session
def show(session: Session, team: str, pipeline: str, job: str, number: str) -> None:
    """Show a build: its steps, and the versions that went in and came out.

    Example: pikoci client builds show app/test#3

    Example: pikoci client builds show -p app -j test -b 3
    """
    detail = session.api.builds.get(*_key(session, team, pipeline, job, number))
    name = full_name(team, pipeline, job, number=detail["number"])
    session.show(detail, lambda: _render(session, detail, name))


@builds.command()
@build_option
@click.option("--follow", "-f", is_flag=True, help=FOLLOW_HELP)
@with_session
def log(session: Session, team: str, pipeline: str, job: str, number: str, *, follow: bool) -> None:
    """Print a build's log, as it was written.

    Lines of steps that ran side by side are mixed; --follow tells them apart, also in a build that has ended.

    With --output json it is one JSON object with the text.

    Example: pikoci client builds log app/test#3
    """
    key = _key(session, team, pipeline, job, number)
    if follow:
        end_with(watch(session, key))
    pieces = session.api.builds.log(*key)
    if session.prints_json:
        session.show({"log": b"".join(pieces).decode("utf-8", "replace")}, str)
        return
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@builds.command()
@build_option
@with_session
def follow(session: Session, team: str, pipeline: str, job: str, number: str) -> None:
    """Show a build live until it ends, from its beginning.

    The exit status is that of the build: 0 if it succeeded or is a warning, else 1. Ctrl-C ends the watching,
    not the build.

    Example: pikoci client builds follow app/test
    """
    end_with(watch(session, _key(session, team, pipeline, job, number)))


@builds.command()
@build_option
@with_session
def cancel(session: Session, team: str, pipeline: str, job: str, number: str) -> None:
    """Cancel a build; its on_cancel and ensure hooks still run.

    Example: pikoci client builds cancel app/test#3
    """
    build = session.api.builds.cancel(*_key(session, team, pipeline, job, number))
    ended = build["status"] == "cancelled"
    name = full_name(team, pipeline, job, number=build["number"])
    session.say(f"{name} {'is cancelled' if ended else 'is told to stop'}.", build)


@builds.command()
@build_option
@click.option("--follow", "-f", is_flag=True, help=FOLLOW_HELP)
@with_session
def retry(session: Session, team: str, pipeline: str, job: str, number: str, *, follow: bool) -> None:
    """Run a build that has ended again, with the very versions that it had.

    Example: pikoci client builds retry app/test#3 --follow
    """
    build = session.api.builds.retry(*_key(session, team, pipeline, job, number))
    if follow:
        end_with(watch(session, (team, pipeline, job, build["number"])))
    session.say(f"Started {full_name(team, pipeline, job, number=build['number'])}.", build)


def watch(session: Session, key: BuildKey) -> Any:
    """Follow a build to its end; as JSON the build with its parts is printed then. Returns it."""
    detail = follow_build(session, key)
    if session.prints_json:
        session.show(detail, str)
    return detail


def end_with(detail: Any) -> NoReturn:
    """End the command with the exit status of a build."""
    raise click.exceptions.Exit(0 if BuildStatus(detail["status"]).is_passing else 1)


def _key(session: Session, team: str, pipeline: str, job: str, number: str) -> BuildKey:
    """Which build is meant: the job's newest if no number is given. Raises NotFoundError where there is none."""
    if not number:
        latest = session.api.jobs.get(team, pipeline, job)["latest"]
        if latest is None:
            hint = f"start one: pikoci client jobs trigger {full_name(team, pipeline, job)}"
            raise NotFoundError(f"{team}/{pipeline}/{job} has no builds yet", hint=hint)
        number = str(latest["number"])
    return team, pipeline, job, number


def _render(session: Session, build: Any, name: str) -> str:
    facts = [
        ("build", name),
        ("status", status_cell(build["status"])),
        ("reason", build["reason"]),
        ("started by", build["created_by"]),
        ("created", session.ago(build["created_at"])),
        ("took", _took(session, build)),
        ("worker", build["worker"] or ""),
        ("attempt", str(build["attempt"]) if build["attempt"] > 1 else ""),
        *((f"input {name}", text_of(value)) for name, value in build.get("values", {}).items()),
    ]
    parts = [render_facts(facts)]
    if votes := _vote_rows(build):
        parts.append(render_table(["approval", "given", "who", "vote", "reason"], votes))
    if told := _announcement_rows(session, build):
        parts.append(render_table(["notification", "for", "status", "at", "reason"], told))
    if build["steps"]:
        steps = [step for step in build["steps"] if step["attempt"] == build["attempt"]]
        blocks = {step["id"] for step in steps if step["kind"] in BLOCK_KINDS}
        rows = [
            [
                f"{'  ' * block_depth(step['id'], blocks)}{step['kind']}",
                step["name"],
                status_cell(step["status"]),
                _took(session, step),
                step["reason"] or "-",
            ]
            for step in steps
        ]
        parts.append(render_table(["step", "name", "status", "took", "reason"], rows))
    versions = [("in", one["get"], one) for one in build["inputs"]]
    versions += [("out", one["put"], one) for one in build["outputs"]]
    if versions:
        rows = [
            [way, name, one["resource"], version_text(one["version"]), about_text(one)] for way, name, one in versions
        ]
        parts.append(render_table(["", "name", "resource", "version", "about"], rows))
    return "\n".join(parts)


def _vote_rows(build: Any) -> list[list[str]]:
    """A row for each vote, and for each approval without any; servers of older releases know of none."""
    rows = []
    for one in build.get("approvals", []):
        given = f"{one['approvals'] - one['missing']} of {one['approvals']}"
        votes = [[vote["voter"], "yes" if vote["approves"] else "no", vote["reason"] or "-"] for vote in one["votes"]]
        rows += [[one["label"], given, *vote] for vote in votes or [["-", "-", "-"]]]
    return rows


def _announcement_rows(session: Session, build: Any) -> list[list[str]]:
    """A row for each message that the build waits; servers of older releases send none."""
    return [
        [one["notification"], one["label"], one["status"], session.ago(one["at"]), one["reason"] or "-"]
        for one in build.get("announcements", [])
    ]


def version_text(version: Any) -> str:
    """A version in one line."""
    return " ".join(f"{key}={value}" for key, value in version.items())


def about_text(one: Any, longest: int = 60) -> str:
    """Who made a version and what for, in one line, as far as it is known; of an older server's answer, nothing."""
    known = one.get("metadata") or {}
    text = ": ".join(filter(None, [known.get("author"), known.get("title") or known.get("message")]))
    return (text if len(text) <= longest else f"{text[: longest - 1]}…") or "-"


def _took(session: Session, one: Any) -> str:
    if not one["started_at"]:
        return "-"
    end = parse_time(one["finished_at"]) if one["finished_at"] else session.now()
    return short_duration(end - parse_time(one["started_at"]))
