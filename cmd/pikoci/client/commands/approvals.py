"""`pikoci client builds approve` and `reject`."""

from __future__ import annotations

import click

from pikoci.client.options import build_option
from pikoci.client.session import Session, with_session
from pikoci.internal.domain.naming import full_name
from pikoci.shared.terminal import visible

_LABEL = click.option(
    "--label", "-l", default="", metavar="LABEL", help="The approve block; not needed where the job has one only."
)


@click.command()
@build_option
@_LABEL
@click.option("--reason", default="", metavar="TEXT", help="What is shown with the vote.")
@with_session
def approve(session: Session, team: str, pipeline: str, job: str, number: str, *, label: str, reason: str) -> None:
    """Approve a build that waits for it, by its number. It goes on when nobody's approval is missing any more.

    Example: pikoci client builds approve app/deploy#3

    Example: pikoci client builds approve app/deploy#3 --label release --reason "seen on staging"
    """
    _require_number(number)
    build = session.api.builds.approve(team, pipeline, job, number, label, reason)
    name = full_name(team, pipeline, job, number=build["number"])
    rest = f"it {visible(build['reason'])}" if build["status"] == "waiting" else f"it is {build['status']}"
    session.say(f"You approve {name}; {rest}.", build)


@click.command()
@build_option
@_LABEL
@click.option("--reason", required=True, metavar="TEXT", help="Why the build must not run.")
@with_session
def reject(session: Session, team: str, pipeline: str, job: str, number: str, *, label: str, reason: str) -> None:
    """Reject a build that waits for approval, by its number: it fails at once.

    Example: pikoci client builds reject app/deploy#3 --reason "the migration is not ready"
    """
    _require_number(number)
    build = session.api.builds.reject(team, pipeline, job, number, reason, label)
    session.say(f"{full_name(team, pipeline, job, number=build['number'])} is rejected, and has failed.", build)


def _require_number(number: str) -> None:
    """The newest build may be another by now than the one that was looked at."""
    if not number:
        raise click.UsageError("Say which build, such as app/deploy#3: a vote is about one that you have seen.")
