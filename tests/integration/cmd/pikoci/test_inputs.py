"""Jobs with inputs, jobs that may fail and jobs that a newer build stops, through the program and a real server."""

from __future__ import annotations

import json

import pytest

from tests.integration.cmd.pikoci.conftest import Program, read_until, wait_until

PIPELINE = """
job "deploy" {
  input "place" {
    description = "where it goes"
    choices     = ["staging", "production"]
    required    = true
  }
  input "dry-run" {
    type    = bool
    default = true
  }
  input "hosts" {
    type = list(string)
  }
  task "go" {
    run "shell" { cmd = "echo to $INPUT_PLACE $INPUT_DRY_RUN [$INPUT_HOSTS]" }
  }
}

job "lint" {
  allow_failure = true
  task "lint" {
    run "shell" { cmd = "exit 3" }
  }
  on_failure "shell" { cmd = "echo it $BUILD_STATUS" }
}

job "preview" {
  interruptible = true
  input "how" { default = "sleep 600" }
  task "render" {
    run "shell" { cmd = "echo began; $INPUT_HOW" }
  }
  on_cancel "shell" { cmd = "echo cleaned up" }
}
"""


@pytest.fixture
def asking(client: Program, pipeline: str) -> str:
    """The name of a pipeline whose jobs ask, may fail, and are stopped."""
    (client.home / "asking.hcl").write_text(PIPELINE)
    done = client("client", "pipelines", "set", "-p", f"{pipeline}-asking", "asking.hcl")
    assert done.returncode == 0, done.stderr
    return f"{pipeline}-asking"


def shown(client: Program, build: str) -> dict[str, object]:
    found = json.loads(client("client", "builds", "show", build, "--output", "json").stdout)
    assert isinstance(found, dict)
    return found


def test_inputs_are_given_seen_kept_and_retried(client: Program, asking: str) -> None:
    job = f"{asking}/deploy"
    inputs = ["--input", "place=production", "--input", "dry-run=false", "--input", 'hosts=["a b","c"]']
    done = client("client", "jobs", "trigger", job, *inputs, "--follow")
    assert (done.returncode, done.stderr) == (0, "")
    assert 'to production false [["a b","c"]]' in done.stdout.splitlines()
    assert shown(client, f"{job}#1")["values"] == {"place": "production", "dry-run": False, "hosts": ["a b", "c"]}
    facts = client("client", "builds", "show", f"{job}#1").stdout
    assert "input place" in facts
    assert '["a b","c"]' in facts
    again = client("client", "builds", "retry", f"{job}#1", "--follow")
    assert 'to production false [["a b","c"]]' in again.stdout.splitlines()


def test_a_wrong_missing_or_unknown_input_is_one_clear_error(client: Program, asking: str) -> None:
    def error(*inputs: str) -> str:
        done = client("client", "jobs", "trigger", f"{asking}/deploy", *(f"--input={one}" for one in inputs))
        assert done.returncode != 0
        assert not done.stdout
        return done.stderr

    assert error() == 'Error: job deploy: input "place" must be given\n'
    assert 'job deploy: input "place" must be one of "staging", "production", and "moon" is not' in error("place=moon")
    assert error("plaice=staging", "place=staging").endswith(
        'input "plaice" does not exist\nHint: did you mean "place"?\n'
    )
    assert "write it as NAME=VALUE" in error("place")
    assert "has no get other" in error("place=staging", "other=17")
    done = client("client", "jobs", "trigger", f"{asking}/deploy", "--version", "x=y")
    assert "write it as GET=ID" in done.stderr


def test_a_job_says_what_it_asks_for_and_names_are_completed(client: Program, asking: str) -> None:
    facts = client("client", "jobs", "show", f"{asking}/deploy").stdout
    assert "string, required; one of staging, production; where it goes" in facts
    assert "bool; default true" in facts
    line = f"pikoci client jobs trigger -p {asking} -j deploy --input pl"
    client.variables |= {"_PIKOCI_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "9"}
    assert client().stdout.split() == ["plain,place=staging", "plain,place=production"]


def test_pikoci_run_takes_them_too(client: Program) -> None:
    (client.home / "asking.hcl").write_text(PIPELINE)
    run = ["run", "-p", "asking.hcl", "-j", "deploy"]
    done = client(*run, "--input", "place=staging")
    assert done.returncode == 0
    assert "to staging true []" in done.stdout.splitlines()
    assert client(*run).stderr == 'Error: job deploy: input "place" must be given\n'
    assert "place is given twice" in client(*run, "--input", "place=a", "--input", "place=b").stderr


def test_a_failure_that_is_allowed_ends_the_command_with_0(client: Program, asking: str) -> None:
    done = client("client", "jobs", "trigger", f"{asking}/lint", "--follow")
    assert done.returncode == 0
    assert "it failed" in done.stdout.splitlines()
    assert "warning in " in done.stdout.splitlines()[-1]
    assert "exit status 3" in done.stdout.splitlines()[-1]
    listed = client("client", "builds", "list", f"{asking}/lint", "--status", "warning").stdout
    assert "warning" in listed
    assert client("client", "builds", "retry", f"{asking}/lint#1", "-f").returncode == 0


def test_a_newer_build_stops_the_one_that_runs(client: Program, asking: str) -> None:
    job = f"{asking}/preview"
    following = client.start("client", "jobs", "trigger", job, "--follow")
    read_until(following, "began")
    done = client("client", "jobs", "trigger", job, "--input", "how=true", "--follow")
    assert done.returncode == 0
    rest = following.communicate(timeout=60)[0].splitlines()
    assert following.returncode == 1
    assert "cleaned up" in rest
    assert "build preview#2 is newer, and the job is interruptible" in rest[-1]
    wait_until(lambda: shown(client, f"{job}#1")["status"] == "cancelled")
