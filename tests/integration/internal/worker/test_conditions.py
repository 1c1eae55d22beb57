"""Conditions that a build decides: real processes, a server in memory."""

from __future__ import annotations

from typing import Literal

import pytest

from pikoci.internal.domain.events import StepFinished
from pikoci.internal.domain.gateway import BuildInfo, WorkerCommand
from pikoci.internal.domain.plan import ConditionStep, GetStep, InParallelStep, Resource, Step
from tests.unit.internal.worker.bench_room import Room, task, wait_until

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann")


def branch(
    number: int, word: Literal["if", "else_if", "else"], condition: str = "", *steps: Step, name: str = ""
) -> ConditionStep:
    """A branch that is a job's step of this number, with a task that says so unless it is given others."""
    inside = list(steps) or [task(f"echo {word}", id=f"{number}/1", name=word)]
    return ConditionStep(id=f"{number}", name=name, word=word, condition=condition, steps=inside)


def export(value: str) -> Step:
    return task(f"echo 'V={value}' >> \"$PIKOCI_OUTPUT\"", id="1", name="t")


@pytest.mark.parametrize(
    ("value", "statuses"),
    [
        ("one", ["succeeded", "skipped", "skipped"]),
        ("two", ["skipped", "succeeded", "skipped"]),
        ("three", ["skipped", "skipped", "succeeded"]),
    ],
)
def test_the_first_branch_that_holds_runs(room: Room, value: str, statuses: list[str]) -> None:
    record = room.run_job(
        export(value),
        branch(2, "if", "$TASK_T_V == 'one'"),
        branch(3, "else_if", "$TASK_T_V == 'two'"),
        branch(4, "else"),
        task("true", id="5"),
    )
    assert record.end.status == "succeeded"
    assert [record.steps()[step] for step in ("2", "3", "4")] == statuses
    assert [record.steps()[step] for step in ("2/1", "3/1", "4/1")] == statuses
    assert record.steps()["5"] == "succeeded"


def test_an_input_of_the_build_decides(room: Room) -> None:
    given = BuildInfo(id=1, number="1", job="j", pipeline="p", team="main", inputs={"INPUT_STAGE": "production"})
    record = room.run_job(branch(1, "if", "$INPUT_STAGE == 'production'"), branch(2, "else"), build=given)
    assert (record.steps()["1"], record.steps()["2"]) == ("succeeded", "skipped")


def test_a_branch_that_is_not_taken_says_why(room: Room) -> None:
    record = room.run_job(
        export("x" * 50),
        branch(2, "if", "$TASK_T_V == 'one' && $UNSET", name="first"),
        branch(3, "else_if", "$BUILD_NUMBER != '3.1'"),
        branch(4, "else_if", "$BUILD_NUMBER == '3.1'"),
        branch(5, "else"),
    )
    text = f"($TASK_T_V is '{'x' * 40}…', $UNSET is empty)"
    assert record.reason("2") == f"the condition does not hold: $TASK_T_V == 'one' && $UNSET {text}"
    assert record.reason("2/1") == record.reason("5/1") == "its branch was not taken"
    assert record.reason("3") == "the condition does not hold ($BUILD_NUMBER is '3.1')"
    assert record.reason("5") == "a branch before it was taken"
    shown = {event.step: (event.kind, event.name) for event in record.events if isinstance(event, StepFinished)}
    assert shown["2"] == ("if", "first")
    assert shown["3"] == ("else_if", "$BUILD_NUMBER != '3.1'")
    assert shown["5"] == ("else", "")


def test_a_new_if_is_decided_by_what_a_branch_before_it_exported(room: Room) -> None:
    record = room.run_job(
        branch(1, "if", "$BUILD_JOB_NAME == 'unit'", task('echo "V=2" >> "$PIKOCI_OUTPUT"', id="1/1", name="in")),
        branch(2, "if", "$TASK_IN_V == 2", branch(1, "if", "$TASK_IN_V > 10", task("false", id="2/1/1"))),
    )
    assert record.end.status == "succeeded"
    assert record.steps()["2"] == "succeeded"


def test_a_step_that_fails_in_a_branch_fails_the_build_and_skips_the_rest(room: Room) -> None:
    record = room.run_job(
        branch(1, "if", "$CI == 'true'", task("exit 3", id="1/1", name="a"), task("true", id="1/2", name="b")),
        branch(2, "else", "", task("true", id="2/1")),
        task("true", id="3"),
    )
    assert (record.end.status, record.end.reason) == ("failed", 'task "a": exit status 3')
    assert record.steps() == {
        "1/1": "failed", "1/2": "skipped", "1": "failed", "2": "skipped", "2/1": "skipped", "3": "skipped",
    }  # fmt: skip
    assert record.reason("2/1") == "an earlier step did not succeed"


def test_a_cancellation_ends_what_runs_in_a_branch(room: Room) -> None:
    inside = InParallelStep(id="1/1", name="", steps=[task("echo up; sleep 60", id="1/1/1")])
    record = room.submit(branch(1, "if", "$CI", inside))
    wait_until(lambda: b"up" in record.log("1/1/1"))
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert (record.end.status, record.end.reason) == ("cancelled", "cancelled by ann")
    assert record.steps() == dict.fromkeys(("1/1/1", "1/1", "1"), "cancelled")


def test_secrets_are_masked_in_names_and_reasons(room: Room) -> None:
    secret = "s3cret-" + "y" * 60
    record = room.run_job(
        export(secret),
        branch(2, "if", f"$TASK_T_V == '{secret}'"),
        branch(3, "if", "$TASK_T_V == 'x'"),
        branch(4, "if", "1 == 2"),
        masks=[secret],
    )
    assert record.steps()["2"] == "succeeded"
    assert record.reason("3") == "the condition does not hold ($TASK_T_V is '***')"
    assert record.reason("4") == "the condition does not hold"
    assert "s3cret" not in repr(record.events)


def test_a_get_in_a_branch_takes_the_version_that_the_build_was_given(room: Room) -> None:
    get = GetStep(id="1/1", name="c", resource="cron.c")
    record = room.run_job(
        branch(1, "if", "$CI", get), task("echo $GET_C_DATE", id="2"),
        resources=[Resource(type="cron", name="c")], inputs={"c": {"date": "today"}},
    )  # fmt: skip
    assert record.log("2") == b"today\n"
