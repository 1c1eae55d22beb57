"""The docker runner, and `runner` blocks of types."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import Command, TaskStep
from tests.unit.internal.pipeline.loading import find, job_of, run, spec_of, task, warnings_of

TYPE = 'resource_type "t" {{\n  {runner}\n  check "exec" {{\n    path = "jq"\n    args = [".", "a b"]\n  }}\n}}\n'
RESOURCE = 'resource "t" "r" {}\njob "j" {}\n'
TEMPLATE = 'runner_type "in" {{\n  run {{\n    path = "wrap"\n    args = [{args}]\n  }}\n}}\n'


def docker(params: str) -> str:
    return task(f'run "docker" {{\n{params}\n}}')


def typed(runner: str) -> str:
    return TYPE.format(runner=runner) + RESOURCE


def check_of(text: str) -> Command:
    kind = spec_of(text).resource_type("t")
    assert kind is not None
    assert kind.check is not None
    return kind.check


def test_params_are_part_of_the_plan() -> None:
    text = docker('image = "a:1"\ncmd = "x"\ncpus = 1.5\nprivileged = true\nargs = ["-e", "A=b"]\nvolumes = ["./a:/b"]')
    step = job_of(text).steps[0]
    assert isinstance(step, TaskStep)
    assert step.run.runner == "docker"
    assert step.run.params["cpus"] == "1.5"
    assert step.run.params["args"] == ["-e", "A=b"]


@pytest.mark.parametrize(
    ("params", "line", "summary"),
    [
        ('cmd = "x"', 3, 'Missing param "image" of the runner docker'),
        ('image = "a"', 3, "Missing cmd or entrypoint"),
        ('image = "a"\ncmd = "x"\nentrypoint = ["x"]', 3, "The runner docker takes either cmd or entrypoint, not both"),
        ('image = "-v/:/x"\ncmd = "x"', 4, 'Wrong value for "image"'),
        ('image = "a"\ncmd = "x"\nmemory = "lots"', 6, 'Wrong value for "memory"'),
        ('image = "a"\ncmd = "x"\nargs = ["--rm", "alpine"]', 6, 'Wrong value for "args"'),
        ('image = "a"\ncmd = "x"\npull = "daily"', 6, 'Wrong value for "pull"'),
        ('image = "a"\ncmd = "x"\nvolumes = ["here"]', 6, 'Wrong value for "volumes"'),
        ('image = "a"\ncmd = "x"\nmemry = "1g"', 6, 'Unknown param "memry" of the runner docker'),
    ],
)
def test_wrong_params_are_named_at_their_place(params: str, line: int, summary: str) -> None:
    assert [(one.line, one.summary) for one in find(docker(params))] == [(line, summary)]


def test_a_sensitive_value_in_an_option_is_warned_of() -> None:
    text = 'variable "v" {\n  sensitive = true\n  default = "s"\n}\n'
    warned = warnings_of(text + docker('image = "a"\ncmd = "x"\nargs = ["-e", "A=${var.v}"]'))
    assert [one.summary for one in warned] == ['A sensitive value in "args"']


def test_a_type_s_commands_run_in_its_container() -> None:
    runner = 'runner "docker" {\n    image = "a"\n    args = ["-e", "X=y"]\n  }'
    wanted: dict[str, object] = {"image": "a", "args": ["-e", "X=y"], "entrypoint": ["jq", ".", "a b"]}
    assert check_of(typed(runner)) == Command(runner="docker", params=wanted)


def test_a_runner_of_the_file_gets_path_and_args() -> None:
    text = TEMPLATE.format(args='"$image", "$path", "$args"') + typed('runner "in" {\n    image = "a"\n  }')
    wanted: dict[str, object] = {"image": "a", "path": "jq", "args": [".", "a b"]}
    assert check_of(text) == Command(runner="in", params=wanted)


def test_a_runner_of_the_file_that_takes_a_script_gets_a_line() -> None:
    text = TEMPLATE.format(args='"$args", "$cmd"') + typed('runner "in" {\n    args = ["-x"]\n  }')
    assert check_of(text) == Command(runner="in", params={"args": ["-x"], "cmd": "jq . 'a b'"})


def test_exec_is_what_the_commands_are_already() -> None:
    assert check_of(typed('runner "exec" {}')) == Command(runner="exec", params={"path": "jq", "args": [".", "a b"]})


def test_an_empty_command_stays_none() -> None:
    text = 'resource_type "t" {\n  runner "docker" {\n    image = "a"\n  }\n  push "exec" {}\n}\n' + RESOURCE
    kind = spec_of(text).resource_type("t")
    assert kind is not None
    assert kind.push is None


@pytest.mark.parametrize(
    ("text", "line", "summary"),
    [
        (
            typed('runner "docker" {\n    image = "a"\n  }')
            .replace('check "exec"', 'check "shell"')
            .replace("path", "cmd"),
            5,
            'The type has a runner, so its "check" must be an exec command',
        ),
        (typed('runner "docker" {\n  }'), 2, 'Missing param "image" of the runner docker'),
        (typed('runner "docker" {\n    image = "a"\n    cmd = "x"\n  }'), 4, 'A type\'s runner takes no "cmd"'),
        (typed('runner "docker" {\n    image = "a"\n    args = ["x"]\n  }'), 4, 'Wrong value for "args"'),
        (typed('runner "shell" {\n  }'), 2, "The runner shell runs no commands of types"),
        (typed('runner "dokcer" {\n  }'), 2, 'Unknown runner "dokcer"'),
    ],
)
def test_a_runner_that_does_not_fit_is_named(text: str, line: int, summary: str) -> None:
    assert (line, summary) in [(one.line, one.summary) for one in find(text)]


@pytest.mark.parametrize(("kind", "builtin"), [("resource_type", "git"), ("notification_type", "slack")])
def test_what_is_built_in_needs_no_runner(kind: str, builtin: str) -> None:
    text = f'{kind} "x" {{\n  source = "pikoci://{builtin}"\n  runner "docker" {{\n    image = "a"\n  }}\n}}\n'
    loaded = run(text + 'job "j" {}\n')
    assert loaded.ok
    assert [(one.line, one.severity, one.summary) for one in loaded.diagnostics] == [
        (3, "warning", f'The runner of the {kind} "x" has no effect')
    ]


def test_every_kind_of_type_may_have_a_runner() -> None:
    runner = 'runner "docker" {\n    image = "a"\n  }\n'
    command = 'exec" {\n    path = "x"\n  }\n'
    text = (
        f'secret_type "a" {{\n{runner}  get "{command}}}\n'
        f'service_type "b" {{\n{runner}  start "{command}  stop "{command}}}\n'
        f'notification_type "c" {{\n{runner}  notify "{command}}}\n'
        'job "j" {\n  timeout = "5x"\n}'
    )
    refused = [one.summary for one in find(text) if not one.summary.endswith("is not supported yet")]
    assert refused == ['Wrong value for "timeout"']
