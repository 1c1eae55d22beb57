"""What a command line names, by whichever options."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pikoci.client.naming import settle
from pikoci.client.options import build_option, file_pipeline_option, job_option, pipeline_option


def run(named: Callable[[Any], Any], line: str) -> tuple[int, str]:
    """The exit status of a command with these options, and what it was given or said."""

    @click.command()
    @named
    @click.pass_context
    def command(ctx: click.Context, /, **values: str) -> None:
        click.echo(json.dumps(settle(ctx, values)))

    result = CliRunner().invoke(command, line.split())
    return result.exit_code, result.output.strip()


BUILD = {"team": "main", "pipeline": "day", "job": "lint", "number": "3"}


@pytest.mark.parametrize(
    "line",
    [
        "-p day -j lint -b 3",
        "-p day -j lint -b #3",
        "-p main/day -j lint -b 3",
        "-j day/lint -b 3",
        "-p day -b lint#3",
        "-b day/lint#3",
        "-b main/day/lint#3",
        "-j main/day/lint#3",
        "main/day/lint#3",
        "day/lint#3",
        "lint#3 -p day",
        "day/lint -b 3",
        "3 -j day/lint",
        "-t main -p main/day -j main/day/lint main/day/lint#3",
    ],
)
def test_a_build_is_named_in_every_way(line: str) -> None:
    status, said = run(build_option, line)
    assert (status, json.loads(said)) == (0, BUILD)


def test_a_job_and_a_pipeline_may_stand_alone() -> None:
    assert json.loads(run(job_option, "blue/day/lint")[1]) == {"team": "blue", "pipeline": "day", "job": "lint"}
    assert json.loads(run(pipeline_option, "blue/day")[1]) == {"team": "blue", "pipeline": "day"}
    assert json.loads(run(file_pipeline_option, "-n blue/day")[1]) == {"team": "blue", "pipeline": "day"}
    assert json.loads(run(build_option, "day/lint")[1]) == {**BUILD, "number": ""}


@pytest.mark.parametrize(
    ("named", "line", "said"),
    [
        (build_option, "-p day", "Missing option '--job' / '-j'."),
        (job_option, "-j lint", "Missing option '--pipeline' / '-p' / '--name' / '-n'."),
        (build_option, "-t blue main/day/lint#3", "Two names of the team are given, 'blue' and 'main': give one."),
        (build_option, "-b 4 day/lint#3", "Two names of the build are given, '4' and '3': give one."),
        (job_option, "day/lint#3", "This command takes a job, and '3' names a build."),
        (pipeline_option, "main/day/lint", "This command takes a pipeline, and 'lint' names a job."),
        (build_option, "-b x!", "'x!' cannot name a build: write [[[TEAM/]PIPELINE/]JOB]#NUMBER,"),
    ],
)
def test_what_is_missing_wrong_or_at_odds_is_named(named: Callable[[Any], Any], line: str, said: str) -> None:
    status, output = run(named, line)
    assert status == 2
    assert said in output
