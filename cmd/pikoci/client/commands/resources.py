"""`pikoci client resources`."""

from __future__ import annotations

from typing import Any

import click

from pikoci.client.actions import add_action
from pikoci.client.commands.builds import about_text, version_text
from pikoci.client.options import limit_option, pipeline_option, resource_option
from pikoci.client.session import Session, with_session
from pikoci.client.tables import Styled


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
    found = session.api.resources.list(team, pipeline)

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
    one = session.api.resources.get(team, pipeline, resource)
    facts = [
        ("resource", f"{team}/{pipeline}/{one['name']}"),
        ("checked", f"{session.ago(one['last_checked_at'])}, interval {one['check_interval'] or 'none'}"),
        ("next check", session.ago(one["next_check_at"])),
        ("check error", Styled(one["check_error"], "red")),
        ("check waits", Styled(one["waiting_reason"], "yellow")),
        ("newest version", version_text(one["latest"]["version"]) if one["latest"] else "none yet"),
        ("about it", _about(one["latest"])),
        ("pinned to", version_text(one["pinned"]["version"]) if one["pinned"] else ""),
        ("webhook", f"{session.url}/webhooks/{one['webhook_token']}" if one["webhook_token"] else ""),
        ("webhook secret", "set: only signed deliveries count" if one.get("has_webhook_secret") else ""),
    ]
    session.show_facts(one, facts)


@resources.command()
@resource_option
@limit_option
@with_session
def versions(session: Session, team: str, pipeline: str, resource: str, limit: int) -> None:
    """List the versions of a resource, newest first.

    Those that a put made and no check has listed yet come last.

    Example: pikoci client resources versions -p app -r git.repo --limit 10
    """
    found = session.api.resources.versions(team, pipeline, resource)

    def row(one: Any) -> list[str]:
        enabled = "yes" if one["enabled"] else Styled("no", "yellow")
        when = session.ago(one["created_at"]) + ("" if one["listed"] else ", by a put")
        return [str(one["id"]), version_text(one["version"]), about_text(one), enabled, when]

    headings = ["id", "version", "about", "enabled", "found"]
    session.show_table(found, headings, row, f"{resource} has no versions yet.", limit)


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
    session.api.resources.pin(team, pipeline, resource, version)
    session.say(f"Pinned {resource} to version {version}.")


@resources.command("webhook-token")
@resource_option
@with_session
def webhook_token(session: Session, team: str, pipeline: str, resource: str) -> None:
    """Give a resource a new webhook token; the old one is void at once.

    Example: pikoci client resources webhook-token -p app -r git.repo
    """
    token = session.api.resources.rotate_webhook_token(team, pipeline, resource)
    session.say(f"{session.url}/webhooks/{token}", {"webhook_token": token})


@resources.command()
@_version_argument
@resource_option
@with_session
def enable(session: Session, team: str, pipeline: str, resource: str, version: int) -> None:
    """Bring a version back into use.

    Example: pikoci client resources enable -p app -r git.repo 17
    """
    session.api.resources.set_version_enabled(team, pipeline, resource, version, enabled=True)
    session.say(f"Version {version} of {resource} is in use.")


@resources.command()
@_version_argument
@resource_option
@with_session
def disable(session: Session, team: str, pipeline: str, resource: str, version: int) -> None:
    """Take a version out of use.

    Example: pikoci client resources disable -p app -r git.repo 17
    """
    session.api.resources.set_version_enabled(team, pipeline, resource, version, enabled=False)
    session.say(f"Version {version} of {resource} is out of use.")


@resources.command()
@_version_argument
@resource_option
@with_session
def trigger(session: Session, team: str, pipeline: str, resource: str, version: int) -> None:
    """Build with a version, in every job that a new one would start.

    Example: pikoci client resources trigger -p app -r git.repo 17
    """
    started = session.api.resources.trigger_version(team, pipeline, resource, version)
    names = ", ".join(build["name"] for build in started["builds"])
    session.say(f"Started {names}." if names else f"No job is started by {resource}.", started)


def _about(version: Any) -> str:
    known = (version or {}).get("metadata") or {}
    return ", ".join(f"{name} {value}" for name, value in known.items())


def _shortened(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


add_action(
    resources,
    "check",
    resource_option,
    lambda api, named: api.resources.check(named["team"], named["pipeline"], named["resource"]),
    ("Look for new versions at once.", "-p app -r git.repo", "{resource} will be checked."),
)
add_action(
    resources,
    "unpin",
    resource_option,
    lambda api, named: api.resources.unpin(named["team"], named["pipeline"], named["resource"]),
    ("Offer every version again.", "-p app -r git.repo", "{resource} is no longer pinned."),
)
