"""`for_each`, `matrix` and conditions: what a job becomes when the pipeline is set."""

from typing import Any

import pytest

from tests.unit.internal.pipeline.loading import Finding, find, run, spec_of

ARGS = "args = [jsonencode(each.key), jsonencode(each.value)]"
TASK = f'  task "t" {{\n    run "exec" {{\n      path = "x"\n      {ARGS}\n    }}\n  }}\n'


def expanded(setting: str, variables: dict[str, object] | None = None) -> dict[str, list[str]]:
    """The arguments of the task of each job that `setting` makes."""
    jobs = spec_of(f'variable "v" {{ default = null }}\njob "j" {{\n{setting}\n{TASK}}}\n', variables).jobs
    steps: dict[str, Any] = {job.name: job.steps[0] for job in jobs}
    return {name: step.run.params["args"] for name, step in steps.items()}


def test_a_set_makes_one_job_for_each_element() -> None:
    assert expanded('for_each = toset(["1.22", "1.21"])') == {
        "j--1-21": ['"1.21"', '"1.21"'],
        "j--1-22": ['"1.22"', '"1.22"'],
    }


def test_a_map_makes_one_job_for_each_key() -> None:
    assert expanded('for_each = { "My Staging" = { region = 1 }, prod = null }') == {
        "j--my-staging": ['"My Staging"', '{"region":1}'],
        "j--prod": ['"prod"', "null"],
    }


def test_a_matrix_makes_one_job_for_each_combination() -> None:
    assert expanded('matrix {\n  os = ["linux", "bsd"]\n  go = [1.5, 2]\n}') == {
        "j--linux-1-5": ['"linux-1.5"', '{"go":1.5,"os":"linux"}'],
        "j--linux-2": ['"linux-2"', '{"go":2,"os":"linux"}'],
        "j--bsd-1-5": ['"bsd-1.5"', '{"go":1.5,"os":"bsd"}'],
        "j--bsd-2": ['"bsd-2"', '{"go":2,"os":"bsd"}'],
    }


def test_it_may_come_from_variables_and_functions() -> None:
    made = expanded(
        'for_each = { for pair in setproduct(["a"], split(",", var.v)) : join("-", pair) => pair[1] }', {"v": "x,y"}
    )

    assert made == {"j--a-x": ['"a-x"', '"x"'], "j--a-y": ['"a-y"', '"y"']}


def test_an_empty_set_makes_no_job() -> None:
    assert expanded("for_each = toset([])") == {}


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        (
            'for_each = ["a"]',
            Finding(
                2,
                12,
                'Wrong value for "for_each"',
                "A set or map is required, not a list.",
                "write toset(...) around it",
            ),
        ),
        ('for_each = "a"', Finding(2, 12, 'Wrong value for "for_each"', "A set or map is required, not a string.")),
        ("for_each = null", Finding(2, 12, 'Wrong value for "for_each"', "A set or map is required, not a null.")),
        (
            "for_each = toset([[1]])",
            Finding(
                2,
                12,
                'Wrong value for "for_each"',
                "A string is required, not a list.",
                "a set of strings is required",
            ),
        ),
        (
            'for_each = toset(["a.b", "a-b"])',
            Finding(2, 12, 'The keys "a-b" and "a.b" are too much alike', "Both would make a job j--a-b."),
        ),
        (
            'for_each = toset(["-"])',
            Finding(2, 12, 'The key "-" cannot name a job', "It needs a letter or digit, and must not be long."),
        ),
        (
            'for_each = toset(["a"])\nmatrix {\n  a = [1]\n}',
            Finding(3, 1, 'Both "for_each" and "matrix"', hint="take one of them out"),
        ),
        ("matrix {}", Finding(2, 1, "The matrix has no axes", hint='write one or more, such as os = ["linux"]')),
        (
            'matrix {\n  os = "linux"\n}',
            Finding(
                3, 8, 'Wrong value for the axis "os"', "A list is required, not a string.", "put it in brackets: [...]"
            ),
        ),
        (
            "for_each = toset([each.key])",
            Finding(
                2,
                19,
                '"each" has no meaning here',
                "It stands for one element of for_each or one combination of matrix, inside such a job.",
            ),
        ),
    ],
)
def test_what_cannot_be_expanded_is_refused(setting: str, wanted: Finding) -> None:
    assert find(f'job "j" {{\n{setting}\n}}') == [wanted]


def test_instances_and_jobs_must_not_have_the_same_name() -> None:
    assert find('job "j--a" {}\njob "j" {\n  for_each = toset(["a"])\n}') == [
        Finding(
            2, 1, 'Duplicate job "j--a"', 'The job "j--a" makes one of that name, too.', "give one of them another name"
        )
    ]


def test_a_mistake_in_every_instance_is_told_once() -> None:
    assert [one.summary for one in find('job "j" {\n  for_each = toset(["a", "b"])\n  timeout = "5x"\n}')] == [
        'Wrong value for "timeout"'
    ]


def test_a_mistake_in_one_instance_is_told() -> None:
    found = find('job "j" {\n  for_each = toset(["1m", "2x"])\n  timeout = each.key\n}')

    assert [one.texts[0] for one in found] == ['"2x" is not a duration.']


def test_too_many_jobs_are_refused_with_their_number() -> None:
    assert find('job "j" {\n  matrix {\n    a = range(200)\n    b = range(51)\n  }\n}') == [
        Finding(
            2,
            3,
            "Too many jobs",
            "With this one there would be 10,200, and at most 10,000 are possible.",
            "split the file into several pipelines, or make fewer instances",
        )
    ]
    assert [
        one.summary for one in find('job "i" {}\njob "j" {\n  matrix {\n    a = range(100)\n    b = range(100)\n  }\n}')
    ] == ["Too many jobs"]


def test_a_huge_matrix_is_refused_at_once() -> None:
    axes = "\n".join(f"a{n} = range(1000)" for n in range(10))

    assert [one.summary for one in find(f'job "j" {{\n  matrix {{\n{axes}\n  }}\n}}')] == ["Too many jobs"]


def test_jobs_that_grow_too_large_are_refused() -> None:
    big = "x" * 100_000
    task = f'task "t" {{\n    run "shell" {{\n      cmd = "{big}"\n    }}\n  }}'
    text = f'job "j" {{\n  for_each = toset(range(1000))\n  {task}\n}}'

    assert [one.summary for one in find(text)] == ["The pipeline is too large"]


def test_expressions_that_grow_too_large_are_refused() -> None:
    text = (
        'variable "v" {}\njob "j" {\n  for_each = toset(range(250))\n  task "t" {\n    run "shell" {\n'
        '      cmd = join("", [for n in range(400) : var.v])\n    }\n  }\n}'
    )

    assert [one.summary for one in find(text, {"v": "x" * 1000})] == ["The pipeline is too large"]


def test_a_file_that_is_too_large_is_not_read() -> None:
    loaded = run("#" * 100, max_bytes=99)

    assert not loaded.ok
    assert loaded.diagnostics[0].summary == "The file is too large"
    assert loaded.diagnostics[0].detail == "It may have at most 99 bytes."


def branches(first: str, second: str) -> list[str]:
    text = (
        f'variable "v" {{ default = "b" }}\njob "j" {{\n  if "first" {{\n    condition = {first}\n'
        '    task "a" {\n      run "exec" {\n        path = "a"\n      }\n    }\n  }\n'
        f"  else_if {{\n    condition = {second}\n"
        '    task "b" {\n      run "exec" {\n        path = "b"\n      }\n    }\n  }\n'
        '  else {\n    task "c" {\n      run "exec" {\n        path = "c"\n      }\n    }\n  }\n'
        '  task "end" {\n    run "exec" {\n      path = "x"\n    }\n  }\n}'
    )
    return [f"{step.id} {step.name}" for step in spec_of(text).jobs[0].steps]


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        ("true", "true", "a"),
        ('var.v == "b"', "false", "a"),
        ("false", '"true"', "b"),
        ("false", 'var.v != "b"', "c"),
    ],
)
def test_the_first_branch_that_holds_is_in_the_plan(first: str, second: str, chosen: str) -> None:
    assert branches(first, second) == [f"1 {chosen}", "2 end"]


def test_a_branch_that_does_not_hold_is_checked_but_not_evaluated() -> None:
    text = (
        'variable "v" { default = [] }\njob "j" {\n  if {\n    condition = length(var.v) > 0\n'
        '    task "t" {\n      run "exec" {\n        path = var.v[0]\n      }\n    }\n  }\n}'
    )
    assert spec_of(text).jobs[0].steps == []

    found = find(text.replace('"exec"', '"exce"').replace("path = var.v[0]", "path = var.w"))
    assert [one.summary for one in found] == ['Unknown runner "exce"', 'Unknown variable "w"']


def test_conditions_may_stand_in_conditions_and_differ_between_instances() -> None:
    text = (
        'job "j" {\n  for_each = toset(["a", "b"])\n  if {\n    condition = true\n    if {\n'
        '      condition = each.key == "a"\n      task "only-a" {\n        run "exec" {\n          path = "x"\n'
        "        }\n      }\n    }\n  }\n}"
    )

    assert [[step.name for step in job.steps] for job in spec_of(text).jobs] == [["only-a"], []]


def test_a_sensitive_value_cannot_name_a_job() -> None:
    text = 'variable "v" {\n  sensitive = true\n}\njob "j" {\n  for_each = toset(["x-${var.v}"])\n}'

    assert find(text, {"v": "hunter22"}) == [
        Finding(5, 14, "A sensitive value cannot name a job", "Names of jobs are shown.", "use a key that may be seen")
    ]
