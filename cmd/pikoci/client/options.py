"""Options that name things on the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pikoci.client.naming import POSITIONAL

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def complete(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What completes an option with names of that kind; see `complete_names`."""

    def names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        from pikoci.client.completing import complete_names

        return complete_names(ctx, kind, incomplete)

    return names


def team_option(function: Decorated) -> Decorated:
    """Declare `--team`."""
    return click.option("--team", "-t", default="main", show_default=True, metavar="TEAM", help="The team.")(function)


def _positional(kind: str, metavar: str) -> Callable[[Decorated], Decorated]:
    return click.argument(POSITIONAL, default="", required=False, metavar=f"[{metavar}]", shell_complete=complete(kind))


def _pipeline_options(function: Decorated, name: str = "pipeline") -> Decorated:
    function = click.option(
        "--pipeline",
        "-p",
        "--name",
        "-n",
        name,
        default="",
        metavar="[TEAM/]PIPELINE",
        shell_complete=complete("pipelines"),
        help="The pipeline.",
    )(function)
    return team_option(function)


def _job_options(function: Decorated) -> Decorated:
    function = click.option(
        "--job",
        "-j",
        default="",
        metavar="[[TEAM/]PIPELINE/]JOB",
        shell_complete=complete("jobs"),
        help="The job.",
    )(function)
    return _pipeline_options(function)


def pipeline_option(function: Decorated) -> Decorated:
    """Declare `--team` and `--pipeline/-p`; the pipeline may also stand alone."""
    return _pipeline_options(_positional("pipelines", "[TEAM/]PIPELINE")(function))


def file_pipeline_option(function: Decorated) -> Decorated:
    """The same for a command that takes a file: the pipeline can't stand alone."""
    return _pipeline_options(function)


def other_pipeline_option(function: Decorated) -> Decorated:
    """The same for a command that takes a file or a pipeline: it arrives as `other`, for the command to settle."""
    return _pipeline_options(function, "other")


def job_option(function: Decorated) -> Decorated:
    """Declare `--team`, `--pipeline/-p` and `--job/-j`; the job may also stand alone, by its full name."""
    return _job_options(_positional("jobs", "[TEAM/]PIPELINE/JOB")(function))


def build_option(function: Decorated) -> Decorated:
    """Declare `--team`, `--pipeline/-p`, `--job/-j` and `--build/-b`; the build may also stand alone."""
    function = click.option(
        "--build",
        "-b",
        "number",
        metavar="[[[TEAM/]PIPELINE/]JOB#]NUMBER",
        default="",
        shell_complete=complete("builds"),
        help="The build, such as 3, 3.1 or main/app/test#3; the job's newest one if not given.",
    )(function)
    return _job_options(_positional("builds", "[TEAM/]PIPELINE/JOB[#NUMBER]")(function))


def resource_option(function: Decorated) -> Decorated:
    """Declare `--team`, `--pipeline/-p` and `--resource/-r`."""
    function = click.option(
        "--resource",
        "-r",
        required=True,
        metavar="[TYPE.]NAME",
        shell_complete=complete("resources"),
        help="The resource; its type may be left out where no other resource has the name.",
    )(function)
    return _pipeline_options(function)


def limit_option(function: Decorated) -> Decorated:
    """Declare `--limit`, the most items that are shown."""
    return click.option(
        "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Show so many at most."
    )(function)
