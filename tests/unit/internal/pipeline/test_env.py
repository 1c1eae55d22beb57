"""Environment variables of a file, a job, a step and a hook."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.limits import MAX_ENV
from pikoci.internal.domain.plan import GetStep, PutStep, decode_spec, encode_spec
from pikoci.internal.pipeline import Change, Detail, diff
from tests.unit.internal.pipeline.loading import GIT, TRIGGER, Finding, find, run, spec_of, warnings_of

WHOLE = (
    GIT
    + TRIGGER
    + """
variable "level" {
  default = 3
}
env = {
  LEVEL = var.level
  DEBUG = false
  RATIO = 2.50
  NONE  = null
  TEXT  = "a\\n\\"b\\" $HOME $${HOME}"
}
job "j" {
  env = { WHERE = "job" }
  get "git" "app" {
    env = { HTTPS_PROXY = "http://proxy" }
  }
  task "t" {
    env = { WHERE = "step" }
    run "shell" { cmd = "true" }
    on_failure "shell" {
      cmd = "true"
      env = { WHERE = "hook" }
    }
    ensure {
      env = { WHERE = "steps of a hook" }
      task "inner" {
        env = { WHERE = "inner" }
        run "shell" { cmd = "true" }
      }
    }
  }
  put "trigger" "go" {
    env = { A = "b" }
    params { env = "staging" }
  }
  on_success "shell" {
    cmd = "true"
    env = { WHERE = "hook of the job" }
  }
}
"""
)


def test_every_place_keeps_its_own() -> None:
    spec = spec_of(WHOLE)
    job = spec.jobs[0]
    get, task, put = job.steps

    assert spec.env == {
        "LEVEL": "3",
        "DEBUG": "false",
        "RATIO": "2.5",
        "TEXT": 'a\n"b" $HOME ${HOME}',
    }
    assert job.env == {"WHERE": "job"}
    assert isinstance(get, GetStep)
    assert (get.env, get.params) == ({"HTTPS_PROXY": "http://proxy"}, {})
    assert task.env == {"WHERE": "step"}
    assert task.hooks.on_failure[0].env == {"WHERE": "hook"}
    assert task.hooks.on_failure[0].command is not None
    assert task.hooks.on_failure[0].command.params == {"cmd": "true"}
    assert task.hooks.ensure[0].env == {"WHERE": "steps of a hook"}
    assert task.hooks.ensure[0].steps[0].env == {"WHERE": "inner"}
    assert isinstance(put, PutStep)
    assert (put.env, put.params) == ({"A": "b"}, {"env": "staging"})
    assert job.hooks.on_success[0].env == {"WHERE": "hook of the job"}
    assert decode_spec(encode_spec(spec)) == spec


@pytest.mark.parametrize(
    ("value", "detail", "hint"),
    [
        ('["A"]', "A map of environment variables is required, not a list.", True),
        ('"A=b"', "A map of environment variables is required, not a string.", True),
        ('{ A = ["b"] }', '"A": a string is required, not a list.', True),
        ('{ "a-b" = "" }', None, False),
        ('{ CI = "" }', '"CI" is set by PikoCI itself, and a pipeline cannot change it.', False),
        ('{ BUILD_ID = "" }', '"BUILD_ID" is set by PikoCI itself, and a pipeline cannot change it.', False),
    ],
)
def test_what_is_no_environment_is_one_error_at_its_place(value: str, detail: str | None, *, hint: bool) -> None:
    [found] = run(f"env = {value}\n").diagnostics

    assert (found.line, found.column, found.summary) == (1, 7, 'Wrong value for "env"')
    assert detail in (None, found.detail)
    assert bool(found.hint) == hint


def test_a_large_environment_is_refused() -> None:
    variables = ", ".join(f'V{number} = "{"x" * 1000}"' for number in range(MAX_ENV // 1000))

    [found] = run(f"env = {{ {variables} }}\n").diagnostics

    assert found.detail == "The variables have more than 262,144 bytes."


def test_an_error_shows_no_sensitive_value() -> None:
    text = 'variable "t" {\n  sensitive = true\n  default = "hunter22"\n}\nenv = { A = "hunter22\\u0000" }\n'
    assert all("hunter22" not in f"{one.summary}{one.detail}{one.hint}" for one in run(text).diagnostics)


def test_variables_without_a_value_are_looked_at_all_the_same() -> None:
    assert find(
        'variable "v" {}\nenv = { CI = 1 }\njob "j" {\n  env = { A = var.v }\n}\n', allow_missing_variables=True
    )
    assert run('variable "v" {}\nenv = var.v\n', allow_missing_variables=True).ok


SECRET = 'variable "token" {\n  sensitive = true\n  default = "hunter22"\n}\n'


def test_a_value_made_of_a_sensitive_one_is_masked() -> None:
    text = SECRET + 'env = {\n  AUTH = "Bearer ${upper(var.token)}"\n  PLAIN = "plain"\n  ON = var.token != ""\n}\n'
    spec = spec_of(text)
    assert spec.masks == ["hunter22", "Bearer HUNTER22"]
    assert spec_of(SECRET + 'env = merge({ A = "aaa" }, { B = upper(var.token) })\n').masks[1:] == ["aaa", "HUNTER22"]


def test_what_changes_is_shown_without_sensitive_values() -> None:
    before = spec_of(SECRET + 'env = {\n  A = "1"\n  B = "2"\n}\njob "j" {\n  env = { C = var.token }\n}\n')
    after = spec_of(SECRET + 'env = {\n  A = "3"\n  D = "4"\n}\njob "j" {\n  env = { C = "x${var.token}" }\n}\n')
    assert diff(before, after) == [
        Change("changed", "env", "A", [Detail("value", "1", "3")]),
        Change("added", "env", "D"),
        Change("removed", "env", "B"),
        Change("changed", "job", "j", [Detail("env.C", "(sensitive)", "(sensitive, changed)")]),
    ]


SCRIPT = "It becomes part of the script as it is, whatever characters it has."
SEEN = "Every user of the worker's machine can read the arguments of a command."
HINT = "write env = { NAME = ... } beside the command, and $NAME in a script"


@pytest.mark.parametrize(
    ("block", "argument", "detail"),
    [
        ('run "shell" { cmd = "curl ${var.token}" }', "cmd", SCRIPT),
        ('run "shell" { cmd = "curl ${upper(var.token)}" }', "cmd", SCRIPT),
        ('run "exec" {\n path = "curl"\n args = ["-u", var.token]\n}', "args", SEEN),
        ('run "box" {\n image = var.token\n other = var.token\n}', "image", SEEN),
        ('run "box" { args = [var.token] }', "args", SEEN),
    ],
)
def test_a_sensitive_value_in_a_command_is_warned_of(block: str, argument: str, detail: str) -> None:
    runner = 'runner_type "box" {\n  run {\n    path = "box"\n    args = ["$image", "$args"]\n  }\n}\n'
    [found] = warnings_of(f'{SECRET}{runner}job "j" {{\n  task "t" {{\n    {block}\n  }}\n}}\n')
    assert found.summary == f'A sensitive value in "{argument}"'
    assert found.texts == (detail, HINT)


def test_the_warning_comes_before_the_value_does_and_once_for_all_instances() -> None:
    text = (
        'variable "token" {\n  sensitive = true\n}\njob "j" {\n  for_each = toset(["a", "b"])\n  task "t" {\n'
        '    run "shell" { cmd = var.token }\n  }\n  on_failure "shell" { cmd = "x${var.token}" }\n}\n'
    )
    found = run(text, allow_missing_variables=True).diagnostics
    assert [(one.severity, one.line) for one in found] == [("warning", 7), ("warning", 9)]


def test_an_instance_of_a_sensitive_map_is_warned_of_too() -> None:
    text = (
        'variable "tokens" {\n  sensitive = true\n  default = { a = "hunter22" }\n}\n'
        'job "j" {\n  for_each = var.tokens\n  task "t" {\n    run "shell" { cmd = each.value }\n  }\n}\n'
    )
    assert warnings_of(text) == [Finding(8, 25, 'A sensitive value in "cmd"', SCRIPT, HINT)]


def test_nothing_else_is_warned_of() -> None:
    runner = 'runner_type "box" {\n  run { path = "$image" }\n}\n'
    body = (
        '  task "t" {\n    env = { T = var.token }\n    run "shell" { cmd = "curl $T" }\n  }\n'
        '  task "u" {\n    run "box" {\n      image = "i"\n      token = var.token\n    }\n  }\n'
    )
    assert warnings_of(f'{SECRET}{runner}job "j" {{\n{body}}}\n') == []
