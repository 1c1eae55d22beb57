"""The `input` blocks of jobs."""

from textwrap import indent

import pytest

from pikoci.internal.domain.job_inputs import JobInput
from tests.unit.internal.pipeline.loading import find, job_of, run


def job(*inputs: str, more: str = "") -> str:
    return 'job "j" {\n' + indent("\n".join([*inputs, more]), "  ") + "\n}\n"


def block(name: str = "x", **attributes: str) -> str:
    lines = "".join(f"  {key} = {value}\n" for key, value in attributes.items())
    return f'input "{name}" {{\n{lines}}}'


def inputs(text: str) -> list[JobInput]:
    return job_of(text).inputs


def test_inputs_are_read_in_order_with_their_types_and_defaults() -> None:
    text = job(
        block("plain"),
        block("count", type="number", default='"3"', description='"how many"'),
        block("dry-run", type="bool", default="true"),
        block("hosts", type="list(string)", default='["a", "b"]', choices='["a", "b", "c", "a"]'),
        block("place", type="string", options='["staging", "production"]', required="true"),
        block("level", type="number", choices="[1, 2.50]", default="2.5"),
    )
    assert inputs(text) == [
        JobInput(name="plain"),
        JobInput(name="count", type="number", default=3, description="how many"),
        JobInput(name="dry-run", type="bool", default=True),
        JobInput(name="hosts", type="list", default=["a", "b"], choices=["a", "b", "c"]),
        JobInput(name="place", choices=["staging", "production"], required=True),
        JobInput(name="level", type="number", choices=["1", "2.5"], default=2.5),
    ]


def test_they_may_use_variables_and_each() -> None:
    text = 'variable "all" { default = ["a", "b"] }\n' + job(
        block(default="each.key", choices="var.all"), more='for_each = toset(["b"])'
    )
    assert inputs(text) == [JobInput(name="x", default="b", choices=["a", "b"])]


@pytest.mark.parametrize(
    ("text", "summary", "line"),
    [
        (job(block(type="map(string)")), "An input cannot be of this type", 3),
        (job(block(type="list(number)")), "An input cannot be of this type", 3),
        (job(block(type="strng")), "Invalid type", 3),
        (job(block(type="number", default='"many"')), 'Wrong value for "default"', 4),
        (job(block(type="list(string)", default='"a"')), 'Wrong value for "default"', 4),
        (job(block(default='"c"', choices='["a"]')), 'Wrong value for "default"', 3),
        (job(block(required="true", default='""')), 'Wrong value for "default"', 4),
        (job(block(choices="[]")), '"choices" is empty', 3),
        (job(block(type="number", choices='["many"]')), 'Wrong value for "choices"', 4),
        (job(block(choices='["a"]', options='["a"]')), 'Both "choices" and "options"', 4),
        (job(block("1st")), '"1st" cannot be the name of an input', 2),
        (job(block("a-b"), block("A_B")), 'Duplicate input "A_B"', 4),
        (job(block(), block()), 'Duplicate input "x"', 4),
        (job(*(block(f"n{number}") for number in range(51))), "The job has more than 50 inputs", 102),
        (job(block(sensitive="true")), 'Unknown argument "sensitive" in input', 3),
    ],
)
def test_mistakes_are_found_at_their_place(text: str, summary: str, line: int) -> None:
    assert [(one.summary, one.line) for one in find(text)] == [(summary, line)]


def test_a_sensitive_default_is_refused_and_not_shown() -> None:
    text = 'variable "key" {\n  default = "hunter2"\n  sensitive = true\n}\n' + job(block(default='"x${var.key}"'))
    (found,) = find(text)
    assert found.summary == "The default of an input cannot be secret"
    assert "hunter2" not in repr(found)


TRIGGER = 'get "trigger" "t" {\n  trigger = true\n}'
RESOURCE = 'resource "trigger" "t" {}\n'


def test_a_job_that_starts_by_itself_needs_a_value_for_what_is_required() -> None:
    (found,) = find(RESOURCE + job(block(required="true"), more=TRIGGER))
    assert found.summary == 'The input "x" must be given, but new versions start the job by themselves'
    assert (found.line, found.texts[0]) == (3, 'Its get "t" has trigger = true.')
    (found,) = find(RESOURCE + job(block(required="true", default="null"), more=TRIGGER))
    assert found.line == 3


@pytest.mark.parametrize(
    "text",
    [
        job(block(required="true", default='"a"'), more=TRIGGER),
        job(block(), more=TRIGGER),
        job(block(required="true"), more='get "trigger" "t" {}'),
    ],
)
def test_otherwise_it_may_start(text: str) -> None:
    assert job_of(RESOURCE + text).inputs


def test_a_variable_without_a_value_leaves_the_check_of_the_file_alone() -> None:
    text = (
        'variable "n" {\n  type = number\n}\n'
        + RESOURCE
        + job(block(type="number", default="var.n", required="true"), more=TRIGGER)
    )
    assert run(text, allow_missing_variables=True).diagnostics == []
