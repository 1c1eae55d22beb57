"""`pikoci client jobs`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.actions import add_action
from pikoci.client.commands.builds import FOLLOW_HELP, end_with, watch
from pikoci.client.options import complete, job_option, pipeline_option
from pikoci.client.session import Session, standing_cells, standing_facts, with_session
from pikoci.internal.domain.job_inputs import text_of
from pikoci.internal.domain.naming import full_name


@click.group()
def jobs() -> None:
    """Show, trigger and pause jobs.

    Example: pikoci client jobs trigger -p app -j test --follow
    """


@jobs.command("list")
@pipeline_option
@with_session
def list_jobs(session: Session, team: str, pipeline: str) -> None:
    """List the jobs of a pipeline.

    Example: pikoci client jobs list -p app
    """

    def row(job: Any) -> list[str]:
        latest = job["latest"]
        return [
            job["name"],
            *standing_cells(job["status"]),
            f"#{latest['number']}" if latest else "-",
            session.ago(latest["created_at"]) if latest else "-",
            "yes" if job["paused"] else "-",
        ]

    found = session.api.jobs.list(team, pipeline)
    headings = ["job", "last", "now", "newest", "created", "paused"]
    session.show_table(found, headings, row, f"The pipeline {team}/{pipeline} has no jobs.")


@jobs.command()
@job_option
@with_session
def show(session: Session, team: str, pipeline: str, job: str) -> None:
    """Show a job with its newest builds.

    Example: pikoci client jobs show -p app -j test
    """
    one = session.api.jobs.get(team, pipeline, job)
    facts = [("job", f"{team}/{pipeline}/{one['name']}"), ("paused", "yes" if one["paused"] else "no")]
    if one["archived"]:
        facts.append(("archived", "yes, it is no longer in the pipeline's file"))
    facts += standing_facts(one["status"])
    for name, build in (("newest build", one["latest"]), ("last ended", one["finished"])):
        if build:
            text = f"#{build['number']} {build['status']}, created {session.ago(build['created_at'])}"
            facts.append((name, f"{text}: {build['reason']}" if build["reason"] else text))
    facts += [(f"input {wanted['name']}", _input_text(wanted)) for wanted in one.get("inputs", ())]
    session.show_facts(one, facts)


def _input_text(wanted: Any) -> str:
    """What an input is, in one line."""
    default = wanted["default"]
    parts = [
        wanted["type"] + (", required" if wanted["required"] else ""),
        f"one of {', '.join(wanted['choices'])}" if wanted["choices"] else "",
        "" if default is None else f"default {text_of(default)}",
        wanted["description"],
    ]
    return "; ".join(part for part in parts if part)


@jobs.command()
@job_option
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete("inputs"),
    help='Value of an input of the job, a list as JSON such as ["a"]; repeatable. No place for secrets. A name that no '
    "input has is a get's, as for --version.",
)
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="GET=ID",
    help="Version to build with (see `resources versions`); repeatable.",
)
@click.option("--follow", "-f", is_flag=True, help=FOLLOW_HELP)
@with_session
def trigger(
    session: Session,
    team: str,
    pipeline: str,
    job: str,
    inputs: tuple[str, ...],
    versions: tuple[str, ...],
    *,
    follow: bool,
) -> None:
    """Start a build of a job, with the newest versions and the defaults of its inputs unless others are given.

    Example: pikoci client jobs trigger -p app -j test --follow

    Example: pikoci client jobs trigger -p app -j deploy --input environment=staging --version repo=17
    """
    values, more = _told_apart(session, (team, pipeline, job), inputs)
    chosen = {**dict(_version(text, "--version") for text in versions), **more}
    build = session.api.builds.trigger(team, pipeline, job, chosen, values)
    if follow:
        end_with(watch(session, (team, pipeline, job, build["number"])))
    session.say(f"Started {full_name(team, pipeline, job, number=build['number'])}.", build)


def _told_apart(
    session: Session, job: tuple[str, str, str], inputs: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, int]]:
    """Values of the job's inputs, and versions for its gets; a name that is neither is left to the server to refuse."""
    pairs = [text.partition("=") for text in inputs]
    for text, (name, equals, _) in zip(inputs, pairs, strict=True):
        if not name or not equals:
            raise click.BadParameter(f"{text!r}: write it as NAME=VALUE.", param_hint="--input")
    names = {one["name"] for one in session.api.jobs.get(*job).get("inputs", ())} if inputs else set()
    values = {name: value for name, _, value in pairs if name in names or not _is_id(value)}
    return values, dict(_version(f"{name}={value}", "--input") for name, _, value in pairs if name not in values)


def _version(text: str, option: str) -> tuple[str, int]:
    name, _, version = text.partition("=")
    if not name or not _is_id(version):
        raise click.BadParameter(f"{text!r}: write it as GET=ID, ID being a version's number.", param_hint=option)
    return name, int(version)


def _is_id(text: str) -> bool:
    return text.isdecimal() and text.isascii()


add_action(
    jobs,
    "pause",
    job_option,
    lambda api, named: api.jobs.pause(named["team"], named["pipeline"], named["job"]),
    ("Start no new builds of a job.", "-p app -j test", "Paused {team}/{pipeline}/{job}."),
)
add_action(
    jobs,
    "unpause",
    job_option,
    lambda api, named: api.jobs.unpause(named["team"], named["pipeline"], named["job"]),
    ("Start builds of a paused job again.", "-p app -j test", "{team}/{pipeline}/{job} goes on."),
)
