"""`pikoci client resources`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.actions import add_actions
from pikoci.client.commands.builds import version_text
from pikoci.client.options import limit_option, pipeline_option, resource_option
from pikoci.client.session import Session, with_session
from pikoci.client.tables import Styled
from pikoci.client.urls import path_of


@click.group()
def resources() -> None:
    """Show, check and pin resources, and their versions.

    Example: pikoci client resources list -p app
    """


@resources.command("list")
@pipeline_option
@with_session
def list_resources(session: Session, team: str, pipeline: str) -> None:
    """List the resources of a pipeline.

    Example: pikoci client resources list -p app
    """
    found = session.api.list(path_of("teams", team, "pipelines", pipeline, "resources"))

    def row(one: Any) -> list[str]:
        state = Styled(one["check_error"], "red") if one["check_error"] else "pinned" if one["pinned"] else "-"
        latest = version_text(one["latest"]["version"]) if one["latest"] else "-"
        return [one["name"], session.ago(one["last_checked_at"]), _shortened(latest), state]

    headings = ["resource", "checked", "newest version", "state"]
    session.show_table(found, headings, row, f"The pipeline {team}/{pipeline} has no resources.")


@resources.command()
@resource_option
@with_session
def show(session: Session, team: str, pipeline: str, resource: str) -> None:
    """Show a resource.

    Example: pikoci client resources show -p app -r git.repo
    """
    one = session.api.get(_path(locals()))
    facts = [
        ("resource", f"{team}/{pipeline}/{one['name']}"),
        ("checked", f"{session.ago(one['last_checked_at'])}, interval {one['check_interval'] or 'none'}"),
        ("next check", session.ago(one["next_check_at"])),
        ("check error", Styled(one["check_error"], "red")),
        ("newest version", version_text(one["latest"]["version"]) if one["latest"] else "none yet"),
        ("pinned to", version_text(one["pinned"]["version"]) if one["pinned"] else ""),
        ("webhook", f"{session.url}/webhooks/{one['webhook_token']}" if one["webhook_token"] else ""),
    ]
    session.show_facts(one, facts)


@resources.command()
@resource_option
@limit_option
@with_session
def versions(session: Session, team: str, pipeline: str, resource: str, limit: int) -> None:
    """List the versions of a resource, newest first.

    Example: pikoci client resources versions -p app -r git.repo --limit 10
    """
    found = session.api.list(f"{_path(locals())}/versions", limit)

    def row(one: Any) -> list[str]:
        enabled = "yes" if one["enabled"] else Styled("no", "yellow")
        return [str(one["id"]), version_text(one["version"]), enabled, session.ago(one["created_at"])]

    session.show_table(found, ["id", "version", "enabled", "found"], row, f"{resource} has no versions yet.")


def _version_argument(function: Any) -> Any:
    return click.argument("version", type=click.IntRange(min=1), metavar="VERSION_ID")(function)


@resources.command()
@_version_argument
@resource_option
@with_session
def pin(session: Session, team: str, pipeline: str, resource: str, version: int) -> None:
    """Offer only this version of a resource from now on.

    Example: pikoci client resources pin -p app -r git.repo 17
    """
    answer = session.api.send("POST", f"{_path(locals())}/pin", {"version_id": version})
    session.say(f"Pinned {resource} to version {version}.", answer)


@resources.command("webhook-token")
@resource_option
@with_session
def webhook_token(session: Session, team: str, pipeline: str, resource: str) -> None:
    """Give a resource a new webhook token; the old one is void at once.

    Example: pikoci client resources webhook-token -p app -r git.repo
    """
    answer = session.api.send("POST", f"{_path(locals())}/webhook-token")
    session.say(f"{session.url}/webhooks/{answer['webhook_token']}", answer)


def _version_command(name: str, help_text: str, done: str) -> None:
    @_version_argument
    @resource_option
    @with_session
    def act(session: Session, team: str, pipeline: str, resource: str, version: int) -> None:
        answer = session.api.send("POST", f"{_path(locals())}/versions/{version}/{name}")
        session.say(done.format(resource=resource, version=version), answer)

    help_page = f"{help_text}\n\nExample: pikoci client resources {name} -p app -r git.repo 17"
    resources.command(name, help=help_page)(act)


def _path(values: Any) -> str:
    return path_of("teams", values["team"], "pipelines", values["pipeline"], "resources", values["resource"])


def _shortened(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


_version_command("enable", "Bring a version back into use.", "Version {version} of {resource} is in use.")
_version_command("disable", "Take a version out of use.", "Version {version} of {resource} is out of use.")
_version_command(
    "trigger", "Build with this version in every job that a new one would start.", "Started builds with it."
)
add_actions(
    resources,
    resource_option,
    _path,
    "-p app -r git.repo",
    {
        "check": ("Look for new versions at once.", "{resource} will be checked."),
        "unpin": ("Offer every version again.", "{resource} is no longer pinned."),
    },
)
