"""`pikoci client pipelines`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.actions import Call, add_action
from pikoci.client.commands.graphs import format_option, show_graph_of_server
from pikoci.client.commands.planning import plan, set_pipeline
from pikoci.client.options import pipeline_option
from pikoci.client.session import Session, standing_cells, standing_facts, with_session
from pikoci.client.tables import render_facts, render_table


@click.group()
def pipelines() -> None:
    """Set, show and pause pipelines.

    Example: pikoci client pipelines list
    """


@pipelines.command("list")
@click.option("--team", "-t", default="main", show_default=True, metavar="TEAM", help="The team.")
@with_session
def list_pipelines(session: Session, team: str) -> None:
    """List the pipelines of a team.

    Example: pikoci client pipelines list --team main
    """

    def row(one: Any) -> list[str]:
        flags = [word for word in ("paused", "public") if one[word]]
        return [
            one["name"],
            str(len(one["jobs"])),
            *standing_cells(one["status"]),
            ", ".join(flags) or "-",
            session.ago(one["updated_at"]),
        ]

    headings = ["name", "jobs", "last", "now", "flags", "updated"]
    session.show_table(session.api.pipelines.list(team), headings, row, f"The team {team} has no pipelines.")


@pipelines.command()
@pipeline_option
@with_session
def show(session: Session, team: str, pipeline: str) -> None:
    """Show a pipeline and how its jobs stand.

    Example: pikoci client pipelines show -p app
    """
    answer = session.api.pipelines.get(team, pipeline)
    one = answer["pipeline"]
    facts = [
        ("pipeline", f"{one['team']}/{one['name']}"),
        ("revision", str(one["revision"])),
        ("paused", "yes" if one["paused"] else "no"),
        ("public", "yes" if one["public"] else "no"),
        ("updated", session.ago(one["updated_at"])),
        *standing_facts(one["status"]),
    ]
    headings = ["job", "last", "now", "newest"]
    session.show(answer, lambda: f"{render_facts(facts)}\n{render_table(headings, map(_job_row, one['jobs']))}")


@pipelines.command()
@pipeline_option
@with_session
def source(session: Session, team: str, pipeline: str) -> None:
    """Print the file that a pipeline was set from.

    Example: pikoci client pipelines source -p app > pipeline.hcl
    """
    answer = session.api.pipelines.get(team, pipeline)
    session.show({"config": answer["config"]}, lambda: _ended(answer["config"] or ""))


@pipelines.command()
@pipeline_option
@format_option
@with_session
def graph(session: Session, team: str, pipeline: str, form: str) -> None:
    """Print a pipeline's graph: its jobs, resources, and how versions flow.

    Jobs are coloured by their last build. An arrow along which nothing starts by itself is dashed.

    Example: pikoci client pipelines graph -p app | dot -Tpng > app.png
    """
    show_graph_of_server(session, team, pipeline, form)


@pipelines.command()
@pipeline_option
@with_session
def badge(session: Session, team: str, pipeline: str) -> None:
    """Print a small SVG picture of how a pipeline stands.

    Example: pikoci client pipelines badge -p app > badge.svg
    """
    picture = session.api.pipelines.badge(team, pipeline)
    session.show({"svg": picture}, lambda: _ended(picture))


@pipelines.command()
@pipeline_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@with_session
def delete(session: Session, team: str, pipeline: str, *, yes: bool) -> None:
    """Delete a pipeline with its jobs, builds and logs.

    Example: pikoci client pipelines delete -p app --yes
    """
    if not yes:
        click.confirm(f"Delete {team}/{pipeline} with all its builds?", abort=True, err=True)
    session.api.pipelines.delete(team, pipeline)
    session.say(f"Deleted {team}/{pipeline}.")


pipelines.add_command(set_pipeline)
pipelines.add_command(plan)
_ACTIONS: dict[str, tuple[Call, str, str]] = {
    "pause": (
        lambda api, named: api.pipelines.pause(named["team"], named["pipeline"]),
        "Start no new builds of a pipeline; checks go on.",
        "Paused {team}/{pipeline}.",
    ),
    "unpause": (
        lambda api, named: api.pipelines.unpause(named["team"], named["pipeline"]),
        "Start builds of a paused pipeline again.",
        "{team}/{pipeline} goes on.",
    ),
    "publish": (
        lambda api, named: api.pipelines.publish(named["team"], named["pipeline"]),
        "Show a pipeline's status and logs to everybody.",
        "{team}/{pipeline} is public now.",
    ),
    "unpublish": (
        lambda api, named: api.pipelines.unpublish(named["team"], named["pipeline"]),
        "Show a pipeline to its team only.",
        "{team}/{pipeline} is private now.",
    ),
}
for _name, (_call, _help, _done) in _ACTIONS.items():
    add_action(pipelines, _name, pipeline_option, _call, (_help, "-p app", _done))


def _job_row(job: Any) -> list[str]:
    latest = job["latest"]
    paused = " (paused)" if job["paused"] else ""
    return [
        job["name"] + paused,
        *standing_cells(job["status"]),
        f"#{latest['number']}" if latest else "-",
    ]


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
