"""Wrong blocks, arguments, labels and names: each gets one precise error with its text, its place, and the way out."""

import pytest

from tests.unit.internal.pipeline.loading import GIT, TRIGGER, Finding, find, job, task

STRUCTURE = {
    "unknown block": ('jbo "x" {}', Finding(1, 1, 'Unknown block "jbo" in pipeline', hint='did you mean "job"?')),
    "unknown block in a job": (
        job('tsk "x" {}'),
        Finding(2, 1, 'Unknown block "tsk" in job', hint='did you mean "task"?'),
    ),
    "a block that belongs elsewhere": (
        job('on_failure {\n  get "git" "app" {}\n}') + GIT,
        Finding(3, 3, 'Unknown block "get" in on_failure', hint="known are notify, put, task"),
    ),
    "a block for an argument": (
        job("timeout {\n}"),
        Finding(2, 1, 'Unknown block "timeout" in job', hint="it is an argument: write timeout = ..."),
    ),
    "unknown argument": (
        job('tiemout = "5m"'),
        Finding(2, 1, 'Unknown argument "tiemout" in job', hint='did you mean "timeout"?'),
    ),
    "unknown argument at the top": (
        'nothing = "x"',
        Finding(
            1,
            1,
            'Unknown argument "nothing" in pipeline',
            hint="known are env, job, locals, notification, notification_type, resource, resource_type, runner_type, "
            "secret_type, service_type, variable",
        ),
    ),
    "an argument for a block": (
        'resource "trigger" "go" {\n  params = { a = 1 }\n}',
        Finding(
            2,
            3,
            'Unknown argument "params" in resource',
            hint="it is a block: write params { ... } without the equals sign",
        ),
    ),
    "an argument for a block, where any are taken": (
        TRIGGER + job('put "trigger" "go" {\n  params = { a = 1 }\n}'),
        Finding(
            4,
            3,
            'Unknown argument "params" in put',
            hint="it is a block: write params { ... } without the equals sign",
        ),
    ),
    "too few labels": (
        'resource "git" {}',
        Finding(
            1,
            1,
            'Wrong number of labels for "resource"',
            "It takes 2 labels (type, name), this has 1.",
            'write resource "type" "name" { ... }',
        ),
    ),
    "too many labels": (
        'job "a" "b" {}',
        Finding(
            1,
            1,
            'Wrong number of labels for "job"',
            "It takes 1 label (name), this has 2.",
            'write job "name" { ... }',
        ),
    ),
    "a label where there is none": (
        job('matrix "x" {\n  a = ["1"]\n}\n'),
        Finding(2, 1, 'Wrong number of labels for "matrix"', "It takes no labels, this has 1.", "write matrix { ... }"),
    ),
    "a name that is no name": (
        'job "a b" {}',
        Finding(
            1,
            5,
            'Invalid name "a b"',
            'It starts with a letter, digit or "_", and holds letters, digits, ".", "_" and "-". '
            "It has at most 100 characters.",
        ),
    ),
    "a type name with a dot": (
        'runner_type "a.b" {\n  run {\n    path = "x"\n  }\n}',
        Finding(
            1,
            13,
            'Invalid name "a.b"',
            'It starts with a letter, digit or "_", and holds letters, digits, "_" and "-". '
            "It has at most 100 characters.",
        ),
    ),
    "a step name with a slash": (
        job('task "a/b" {\n  run "exec" {\n    path = "x"\n  }\n}'),
        Finding(
            2,
            6,
            'Invalid name "a/b"',
            'A name has 1 to 100 characters, without "/" and control characters.',
        ),
    ),
    "missing argument": (
        'runner_type "r" {\n  run {\n  }\n}',
        Finding(2, 3, 'Missing argument "path" in run', "The program.", "write path = ..."),
    ),
    "missing block": (
        job('task "t" {\n}'),
        Finding(2, 1, 'Missing block "run" in task', "The command.", 'write run "runner" { ... }'),
    ),
    "a block twice": (
        'resource "trigger" "go" {\n  params {}\n  params {}\n}',
        Finding(3, 3, 'A second "params" block', "The first is on line 2; there can be one only.", "put them together"),
    ),
    "else without if": (
        job("else {\n}"),
        Finding(
            2,
            1,
            '"else" without an "if" in front of it',
            hint="put it right after the if or else_if block that it belongs to",
        ),
    ),
    "an empty hook": (
        job("ensure {}"),
        Finding(
            2,
            1,
            'The hook "ensure" is empty',
            hint='write ensure "shell" { ... } for one command, or put steps into it',
        ),
    ),
    "a one-line block with two arguments": (
        'resource "git" "app" { cache = true, tags = [] }',
        Finding(1, 36, "Invalid one-line block", any_text=True),
    ),
}

NAMES = {
    "duplicate job": (
        job("") + job(""),
        Finding(4, 1, 'Duplicate job "j"', "The first is on line 1.", "give one of them another name"),
    ),
    "duplicate resource": (
        TRIGGER + TRIGGER,
        Finding(2, 1, 'Duplicate resource "trigger.go"', "The first is on line 1.", "give one of them another name"),
    ),
    "duplicate variable": (
        'variable "v" { default = 1 }\nvariable "v" { default = 2 }',
        Finding(2, 1, 'Duplicate variable "v"', "The first is on line 1.", "give one of them another name"),
    ),
    "duplicate step": (
        job('task "t" {\n  run "exec" {\n    path = "x"\n  }\n}\ntask "t" {\n  run "exec" {\n    path = "x"\n  }\n}'),
        Finding(7, 1, 'Duplicate task "t" in the job "j"', "The first is on line 2.", "give one of them another name"),
    ),
    "unknown resource": (
        GIT + job('get "git" "ap" {}'),
        Finding(7, 5, 'Unknown resource "git.ap"', hint='did you mean "git.app"?'),
    ),
    "unknown resource type": (
        'resource "gti" "app" {}',
        Finding(1, 10, 'Unknown resource type "gti"', hint='did you mean "git"?'),
    ),
    "unknown runner": (
        task('run "shel" {\n  cmd = "x"\n}'),
        Finding(3, 5, 'Unknown runner "shel"', hint='did you mean "shell"?'),
    ),
    "unknown runner of a hook": (
        job('on_failure "docke" {\n  cmd = "x"\n}'),
        Finding(2, 12, 'Unknown runner "docke"', hint='did you mean "docker"?'),
    ),
    "unknown variable": (
        'variable "image" { default = "a" }\n' + task('run "exec" {\n  path = "x-${var.imgae}"\n}'),
        Finding(5, 15, 'Unknown variable "imgae"', hint='did you mean "image"?'),
    ),
    "unknown variable, none declared": (
        task('run "exec" {\n  path = var.x\n}'),
        Finding(4, 10, 'Unknown variable "x"', hint='declare it: variable "x" {}'),
    ),
    "a shell variable in braces": (
        task('run "shell" {\n  cmd = "echo ${HOME}"\n}'),
        Finding(4, 17, 'Unknown name "HOME"', hint="write $HOME, or $${HOME} to leave it to the shell"),
    ),
    "a variable without var": (
        'variable "image" { default = "a" }\n' + task('run "exec" {\n  path = image\n}'),
        Finding(5, 10, 'Unknown name "image"', hint="write var.image"),
    ),
    "each in a plain job": (
        task('run "exec" {\n  path = each.key\n}'),
        Finding(
            4,
            10,
            '"each" has no meaning here',
            "It stands for one element of for_each or one combination of matrix, inside such a job.",
        ),
    ),
    "an unknown part of each": (
        job('for_each = toset(["a"])\nserial_groups = [each.name]'),
        Finding(3, 18, 'Unknown name "each.name"', hint="known are each.key, each.value"),
    ),
    "unknown function": (
        task('run "exec" {\n  path = uper("x")\n}'),
        Finding(4, 10, "Unknown function", 'There is no function "uper".', 'did you mean "upper"?'),
    ),
}

ALL = {**STRUCTURE, **NAMES}


@pytest.mark.parametrize(("text", "wanted"), ALL.values(), ids=ALL.keys())
def test_one_mistake_gets_one_error_at_its_place(text: str, wanted: Finding) -> None:
    assert find(text) == [wanted]
