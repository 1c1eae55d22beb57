"""Options that name things on the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _complete(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    def names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        from pikoci.client.completing import complete_names

        return complete_names(ctx, kind, incomplete)

    return names


def team_option(function: Decorated) -> Decorated:
    """Declare `--team`."""
    return click.option("--team", "-t", default="main", show_default=True, metavar="TEAM", help="The team.")(function)


def pipeline_option(function: Decorated) -> Decorated:
    """Declare `--team` and `--pipeline/-p`."""
    function = click.option(
        "--pipeline",
        "-p",
        "--name",
        "-n",
        "pipeline",
        required=True,
        metavar="PIPELINE",
        shell_complete=_complete("pipelines"),
        help="The pipeline.",
    )(function)
    return team_option(function)


def job_option(function: Decorated) -> Decorated:
    """Declare `--team`, `--pipeline/-p` and `--job/-j`."""
    function = click.option(
        "--job", "-j", required=True, metavar="JOB", shell_complete=_complete("jobs"), help="The job."
    )(function)
    return pipeline_option(function)


def build_option(function: Decorated) -> Decorated:
    """Declare `--team`, `--pipeline/-p`, `--job/-j` and `--build/-b`."""
    function = click.option(
        "--build",
        "-b",
        "number",
        metavar="NUMBER",
        default="",
        help="The build, such as 3 or 3.1; the newest one if not given.",
    )(function)
    return job_option(function)


def resource_option(function: Decorated) -> Decorated:
    """Declare `--team`, `--pipeline/-p` and `--resource/-r`."""
    function = click.option(
        "--resource",
        "-r",
        required=True,
        metavar="TYPE.NAME",
        shell_complete=_complete("resources"),
        help="The resource.",
    )(function)
    return pipeline_option(function)


def limit_option(function: Decorated) -> Decorated:
    """Declare `--limit`, the most items that are shown."""
    return click.option(
        "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Show so many at most."
    )(function)
