"""Conditions that a build decides: what becomes of them when the pipeline is set, and what is wrong with them."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import ConditionStep, InParallelStep, Step, decode_spec, encode_spec
from pikoci.internal.pipeline import Change, Detail, diff
from tests.unit.internal.pipeline.loading import GIT, TRIGGER, Finding, find, findings, job, job_of, run, spec_of


def task(name: str) -> str:
    return f'task "{name}" {{\n  run "shell" {{ cmd = "true" }}\n}}\n'


def branch(word: str, condition: str = "", inside: str = "") -> str:
    return f"{word} {{\n{f'condition = {condition}' if condition else ''}\n{inside}}}\n"


def told(steps: list[Step]) -> list[object]:
    return [
        (step.id, step.word, step.condition, told(step.steps))
        if isinstance(step, ConditionStep)
        else (step.id, step.name)
        for step in steps
    ]


A, B, C = ("\"$TASK_T_A == 'x'\"", task("a")), ('"$GET_APP_REF contains 1"', task("b")), task("c")


def test_branches_are_steps_beside_one_another() -> None:
    body = task("first") + branch('if "of a"', *A) + branch("else_if", *B) + branch("else", "", C) + task("last")
    plan = job_of(job(body))
    assert told(plan.steps) == [
        ("1", "first"),
        ("2", "if", "$TASK_T_A == 'x'", [("2/1", "a")]),
        ("3", "else_if", "$GET_APP_REF contains 1", [("3/1", "b")]),
        ("4", "else", "", [("4/1", "c")]),
        ("5", "last"),
    ]
    assert plan.steps[1].name == "of a"
    assert plan.steps[2].name == ""
    spec = spec_of(job(body))
    assert decode_spec(encode_spec(spec)) == spec


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("false", A[0], [("1", "if", "$TASK_T_A == 'x'", [("1/1", "b")]), ("2", "else", "", [("2/1", "c")])]),
        ("true", A[0], [("1", "a")]),
        (A[0], "true", [("1", "if", "$TASK_T_A == 'x'", [("1/1", "a")]), ("2", "else", "", [("2/1", "b")])]),
        (A[0], "false", [("1", "if", "$TASK_T_A == 'x'", [("1/1", "a")]), ("2", "else", "", [("2/1", "c")])]),
        ('"false"', '"true"', [("1", "b")]),
    ],
)
def test_what_is_known_when_the_pipeline_is_set_is_decided_then(first: str, second: str, wanted: list[object]) -> None:
    body = branch("if", first, task("a")) + branch("else_if", second, task("b")) + branch("else", "", C)
    assert told(job_of(job(body)).steps) == wanted


def test_a_new_if_begins_a_new_choice() -> None:
    body = branch("if", A[0], task("a")) + branch("if", A[0], task("b")) + branch("else", "", C)
    assert [step.word for step in job_of(job(body)).steps if isinstance(step, ConditionStep)] == ["if", "if", "else"]


def test_conditions_nest_and_hold_blocks_of_parallel_steps() -> None:
    inner = branch("if", B[0], f"in_parallel {{\n{task('a')}}}\n")
    (outer,) = job_of(job(branch("if", A[0], inner))).steps
    assert isinstance(outer, ConditionStep)
    (nested,) = outer.steps
    assert isinstance(nested, ConditionStep)
    assert isinstance(nested.steps[0], InParallelStep)
    assert nested.steps[0].steps[0].id == "1/1/1/1"


def test_gets_and_puts_in_branches_are_those_of_the_job() -> None:
    up = 'job "up" {\n  for_each = toset(["1", "2"])\n  get "git" "app" {}\n}\n'
    inside = 'get "git" "app" {\n  trigger = true\n  passed = ["up"]\n}\nput "trigger" "go" {}\n'
    plan = spec_of(GIT + TRIGGER + up + job(branch("if", A[0], inside))).jobs[-1]
    assert [(get.trigger, get.passed) for get in plan.gets()] == [(True, ["up--1", "up--2"])]
    assert [put.resource for put in plan.puts()] == ["trigger.go"]


def test_two_branches_may_hold_steps_of_one_name_but_not_gets() -> None:
    put = 'put "trigger" "go" {}\n'
    body = (
        branch("if", A[0], task("t") + put) + branch("else_if", B[0], task("t") + put) + branch("else", "", task("t"))
    )
    assert run(TRIGGER + job(body)).ok
    get = 'get "git" "app" {}\n'
    found = find(GIT + job(branch("if", A[0], get) + branch("else", "", get)))
    assert [one.summary for one in found] == ['Duplicate get "app" in the job "j"']


@pytest.mark.parametrize(
    "body",
    [
        task("t") + branch("if", A[0], task("t")),
        branch("if", A[0], task("t")) + task("t"),
        branch("if", A[0], task("t")) + branch("if", A[0], task("t")),
        branch("if", A[0], task("t") + task("t")),
        branch("if", A[0], task("a")) + branch("else", "", branch("if", B[0], task("t"))) + task("t"),
    ],
)
def test_steps_of_which_both_may_run_cannot_share_a_name(body: str) -> None:
    assert [one.summary for one in find(job(body))] == ['Duplicate task "t" in the job "j"']


@pytest.mark.parametrize(
    ("condition", "column", "detail", "hint"),
    [
        ("\"$A = 'x'\"", 17, '"=" means nothing here.', "write =="),
        ('"$A == x"', 20, '"x" is no value.', "write 'x' for a text, $NAME for a variable"),
        ('"yes"', 14, '"yes" is no value.', "write 'yes' for a text, $NAME for a variable"),
        ('""', 14, "A value is missing: $NAME, 'text' or a number.", "it is at the end"),
        (
            '"$A == ${1 + 1} x"', 13, "\"x\" is no value, at character 9 of '$A == 2 x'.",
            "write 'x' for a text, $NAME for a variable",
        ),
    ],
)  # fmt: skip
def test_an_error_stands_at_its_place(condition: str, column: int, detail: str, hint: str) -> None:
    found = find(job(f"if {{\ncondition = {condition}\n}}"))
    assert found == [Finding(3, column, 'Wrong text for "condition"', detail, hint)]


@pytest.mark.parametrize("value", ["1", "[]", "{}"])
def test_what_is_neither_bool_nor_text_is_refused(value: str) -> None:
    found = find(job(f"if {{\ncondition = {value}\n}}"))
    assert [one.summary for one in found] == ['Wrong value for "condition"']


def test_what_a_branch_guards_is_checked() -> None:
    broken = 'task "t" {\n  run "exce" {}\n}\n'
    loaded = run(job(branch("if", A[0], broken) + branch("else", "", broken.replace("exce", "shel"))))
    assert [one.summary for one in findings(loaded.diagnostics, "error")] == [
        'Unknown runner "exce"',
        'Unknown runner "shel"',
    ]


def test_a_change_is_shown_where_it_is() -> None:
    before, after = (spec_of(job(branch('if "x"', f"\"$A == '{v}'\"", task("t")))) for v in "12")
    (change,) = diff(before, after)
    assert change == Change("changed", "job", "j", [Detail("steps[condition x].condition", "$A == '1'", "$A == '2'")])
