"""`pikoci client jobs`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.actions import add_action
from pikoci.client.commands.builds import FOLLOW_HELP, end_with, watch
from pikoci.client.options import job_option, pipeline_option
from pikoci.client.session import Session, standing_cells, standing_facts, with_session
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
    session.show_facts(one, facts)


@jobs.command()
@job_option
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="GET=ID",
    help="Version to build with (see `resources versions`); repeatable.",
)
@click.option("--follow", "-f", is_flag=True, help=FOLLOW_HELP)
@with_session
def trigger(session: Session, team: str, pipeline: str, job: str, inputs: tuple[str, ...], *, follow: bool) -> None:
    """Start a build of a job, with the newest versions unless others are given.

    Example: pikoci client jobs trigger -p app -j test --follow

    Example: pikoci client jobs trigger -p app -j deploy --input repo=17
    """
    build = session.api.builds.trigger(team, pipeline, job, dict(map(_input, inputs)))
    if follow:
        end_with(watch(session, (team, pipeline, job, build["number"])))
    session.say(f"Started {full_name(team, pipeline, job, number=build['number'])}.", build)


def _input(text: str) -> tuple[str, int]:
    name, _, version = text.partition("=")
    if not name or not version.isdecimal() or not version.isascii():
        raise click.BadParameter(f"{text!r}: write it as GET=ID, ID being a version's number.", param_hint="--input")
    return name, int(version)


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
