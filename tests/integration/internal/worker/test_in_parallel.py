"""Steps side by side: real processes, a server in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.events import LogWritten, StepFinished, StepStarted
from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import Hook, Hooks, InParallelStep, TaskStep
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann")
NEVER = "trap '' TERM; while true; do sleep 0.05; done"


def block(*scripts: str, **more: Any) -> InParallelStep:
    """A block of tasks `a`, `b`, …, the first step of a job."""
    steps = [task(script, id=f"1/{place}", name=chr(96 + place)) for place, script in enumerate(scripts, 1)]
    return InParallelStep(id="1", name="", steps=list(steps), **more)


def hook(name: str, script: str) -> Hooks:
    return Hooks(**{name.rpartition("/")[2]: [Hook(id=f"{name}/1", command=sh(script))]})


def meet(own: str, other: str) -> str:
    """A script that ends only when the other one runs too."""
    return f"touch {own}; until test -e {other}; do sleep 0.02; done"


def tries(found: list[Any], step: str) -> list[int]:
    return [event.try_number for event in found if isinstance(event, StepStarted) and event.step == step]


def test_steps_run_at_the_same_time_each_with_a_log_of_its_own(room: Room) -> None:
    record = room.run_job(block(f"echo one; {meet('a', 'b')}", f"echo two; {meet('b', 'a')}"), task("true", id="2"))
    assert record.end.status == "succeeded"
    assert record.steps() == dict.fromkeys(("1", "1/1", "1/2", "2"), "succeeded")
    assert record.log("1/1") == b"one\n"
    assert record.log("1/2") == b"two\n"
    names = {event.step: (event.kind, event.name) for event in record.events if isinstance(event, StepStarted)}
    assert names["1"] == ("in_parallel", "2 steps")
    assert names["1/2"] == ("task", "b")


def test_the_log_of_a_step_is_live(room: Room, tmp_path: Path) -> None:
    record = room.submit(block(f"echo up; until test -e {tmp_path}/go; do sleep 0.02; done", "sleep 60"))
    wait_until(lambda: b"up" in record.log("1/1"))
    (tmp_path / "go").touch()
    wait_until(lambda: record.steps().get("1/1") == "succeeded")
    assert not record.ended
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)


def test_no_more_than_the_limit_run_at_once_in_plan_order(room: Room) -> None:
    record = room.run_job(block(*["sleep 0.05"] * 7, limit=2))
    assert record.end.status == "succeeded"
    assert record.started() == ["1", *(f"1/{place}" for place in range(1, 8))]
    running = most = 0
    for event in record.events:
        if "/" in getattr(event, "step", ""):
            running += isinstance(event, StepStarted)
            running -= isinstance(event, StepFinished)
            most = max(most, running)
    assert most == 2


def test_siblings_do_not_see_exports_of_one_another_and_later_steps_see_all(room: Room) -> None:
    def say(name: str) -> str:
        return f'echo "V={name}" >> "$PIKOCI_OUTPUT"; env | grep -c ^TASK_ || true'

    record = room.run_job(
        task('echo V=first >> "$PIKOCI_OUTPUT"', id="1", name="z"),
        InParallelStep(
            id="2", name="", limit=1, steps=[task(say("one"), id="2/1", name="a"), task(say("two"), id="2/2", name="b")]
        ),
        task('echo "$TASK_Z_V $TASK_A_V $TASK_B_V"', id="3"),
    )
    assert record.log("2/1") == record.log("2/2") == b"1\n"
    assert record.log("3") == b"first one two\n"


def test_of_two_exports_of_one_name_the_later_step_in_the_plan_counts(room: Room) -> None:
    first = f'{meet("a", "done")}; echo V=first >> "$PIKOCI_OUTPUT"'
    steps: list[Any] = [
        task(first, id="1/1", name="my-task"),
        task('echo V=second >> "$PIKOCI_OUTPUT"; touch done', id="1/2", name="my.task"),
    ]
    record = room.run_job(InParallelStep(id="1", name="", steps=steps), task("echo $TASK_MY_TASK_V", id="2"))
    assert record.log("2") == b"second\n"


def test_without_fail_fast_all_run_to_their_end(room: Room) -> None:
    record = room.run_job(
        block("exit 3", "sleep 0.3; echo done", "exit 4", hooks=hook("1/on_failure", "echo block")),
        task("true", id="2"),
    )
    assert record.log("1/2") == b"done\n"
    assert record.steps() == {
        "1/1": "failed", "1/2": "succeeded", "1/3": "failed", "1": "failed", "2": "skipped",
        "1/on_failure/1": "succeeded",
    }  # fmt: skip
    assert record.reason("1") == 'task "a": exit status 3; task "c": exit status 4'
    assert record.end.reason == 'in_parallel: task "a": exit status 3; task "c": exit status 4'
    assert record.end.status == "failed"


def test_a_reason_names_a_few_of_many(room: Room) -> None:
    record = room.run_job(block(*["false"] * 5))
    assert record.reason("1").endswith('task "c": exit status 1; and 2 more')


def test_fail_fast_stops_the_others_and_says_why(room: Room, tmp_path: Path) -> None:
    stopped = task(f"touch {tmp_path}/up; sleep 60", id="1/1", name="a", hooks=hook("1/1/on_cancel", "echo cleaned"))
    fail = f"until test -e {tmp_path}/up; do sleep 0.02; done; exit 3"
    failing = task(fail, id="1/2", name="b", hooks=hook("1/2/on_failure", "echo mine"))
    last = task("true", id="1/3", name="c")
    record = room.run_job(InParallelStep(id="1", name="", limit=2, fail_fast=True, steps=[stopped, failing, last]))
    assert record.steps() == {
        "1/2": "failed", "1/1": "cancelled", "1/3": "skipped", "1": "failed",
        "1/1/on_cancel/1": "succeeded", "1/2/on_failure/1": "succeeded",
    }  # fmt: skip
    assert record.reason("1/1") == record.reason("1/3") == 'task "b" failed, which stopped the rest'
    assert record.end.reason == 'in_parallel: task "b": exit status 3'


def test_the_hooks_of_stopped_steps_are_bounded_and_later_ones_run(tmp_path: Path) -> None:
    with worker_room(tmp_path, hook_budget=0.3) as room:
        stopped = task("sleep 60", id="1/1", name="a", hooks=hook("1/1/on_cancel", NEVER))
        failing = task("exit 3", id="1/2", name="b")
        record = room.run_job(
            InParallelStep(id="1", name="", fail_fast=True, steps=[stopped, failing]), hooks=hook("ensure", "echo last")
        )
    assert record.reason("1/1/on_cancel/1") == "the hooks timed out after 300ms"
    assert record.log("ensure/1") == b"last\n"


def test_a_block_has_attempts_and_its_steps_begin_anew(room: Room) -> None:
    steps: list[Any] = [
        task('echo "sees <$TASK_B_V>"', id="1/1", name="a"),
        task('echo V=1 >> "$PIKOCI_OUTPUT"', id="1/2", name="b"),
        task("test -e done || { touch done; exit 1; }", id="1/3", name="c"),
    ]
    record = room.run_job(InParallelStep(id="1", name="", attempts=3, steps=steps))
    assert record.end.status == "succeeded"
    assert tries(record.events, "1") == tries(record.events, "1/1") == tries(record.events, "1/3") == [1, 2]
    assert record.log("1/1") == b"sees <>\nattempt 2/3 of in_parallel\nsees <>\n"
    assert record.log("1") == b'attempt 1/3 did not succeed: task "c": exit status 1\nattempt 2/3\n'


def test_tries_of_a_step_are_counted_through_the_attempts_of_its_block(room: Room) -> None:
    inner = task("false", id="1/1", name="a", attempts=2)
    record = room.run_job(InParallelStep(id="1", name="", attempts=2, steps=[inner]))
    assert tries(record.events, "1/1") == [1, 2, 3, 4]


def test_the_time_limit_bounds_an_attempt_of_the_block(room: Room) -> None:
    steps: list[Any] = [
        task("test -e done || { touch done; sleep 60; }", id="1/1", name="a", hooks=hook("1/1/ensure", "echo cleaned")),
        task("true", id="1/2", name="b"),
    ]
    record = room.run_job(InParallelStep(id="1", name="", attempts=2, timeout=0.5, steps=steps))
    assert record.end.status == "succeeded"
    assert record.reason("1/1") == "in_parallel timed out after 500ms"
    assert record.log("1/1/ensure/1") == b"cleaned\ncleaned\n"


def test_a_step_that_never_ends_is_ended_by_the_time_limit_of_its_block(room: Room) -> None:
    record = room.run_job(block(NEVER, "true", timeout=0.2, hooks=hook("1/on_failure", "echo hook")))
    assert record.steps() == {"1/1": "cancelled", "1/2": "succeeded", "1": "failed", "1/on_failure/1": "succeeded"}
    assert record.end.reason == "in_parallel timed out after 200ms"


def test_the_time_limit_of_the_job_bounds_it_too(room: Room) -> None:
    record = room.run_job(block(NEVER, "sleep 60", fail_fast=True), timeout=0.3, hooks=hook("ensure", "echo hook"))
    assert (record.end.status, record.end.reason) == ("failed", "the job timed out after 300ms")
    assert record.log("ensure/1") == b"hook\n"


@pytest.mark.parametrize("fail_fast", [False, True])
def test_a_cancellation_takes_all(room: Room, tmp_path: Path, fail_fast: bool) -> None:
    scripts = [f"touch {tmp_path}/up{place}; {NEVER}" for place in range(3)]
    record = room.submit(block(*scripts, "true", limit=3, fail_fast=fail_fast, hooks=hook("1/ensure", "echo end")))
    wait_until(lambda: len(list(tmp_path.glob("up*"))) == 3)
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert (record.end.status, record.end.reason) == ("cancelled", "cancelled by ann")
    assert record.steps() == {
        "1/1": "cancelled", "1/2": "cancelled", "1/3": "cancelled", "1/4": "skipped", "1": "cancelled",
        "1/ensure/1": "succeeded",
    }  # fmt: skip
    assert record.reason("1/4") == "cancelled by ann"


def test_fail_fast_and_a_cancellation_at_once(room: Room, tmp_path: Path) -> None:
    failing = task("exit 3", id="1/1", name="a", hooks=hook("1/1/on_failure", f"touch {tmp_path}/up; sleep 60"))
    other = task(NEVER, id="1/2", name="b", hooks=hook("1/2/on_cancel", "sleep 0.2; echo cleaned"))
    record = room.submit(
        InParallelStep(id="1", name="", fail_fast=True, steps=[failing, other]), hooks=hook("ensure", "echo end")
    )
    wait_until((tmp_path / "up").exists)
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert (record.end.status, record.end.reason) == ("cancelled", "cancelled by ann")
    assert record.steps()["1/1/on_failure/1"] == "cancelled"
    assert record.log("1/2/on_cancel/1") == b"cleaned\n"
    assert record.log("ensure/1") == b"end\n"


def test_64_steps_that_talk_at_once(room: Room) -> None:
    script = "i=0; while test $i -lt 200; do echo $1 $i; i=$((i+1)); done"
    record = room.run_job(block(*(script.replace("$1", f"{place}") for place in range(1, 65))), seconds=60)
    assert record.end.status == "succeeded"
    for place in range(1, 65):
        assert record.log(f"1/{place}") == b"".join(b"%d %d\n" % (place, i) for i in range(200))


def test_events_of_a_step_come_in_order_and_the_block_encloses_them(room: Room) -> None:
    record = room.run_job(block(*["echo x"] * 8))
    assert isinstance(record.events[0], StepStarted)
    assert record.events[0].step == "1"
    for place in range(1, 9):
        own = [type(event) for event in record.events if getattr(event, "step", "") == f"1/{place}"]
        assert own == [StepStarted, LogWritten, StepFinished]
    assert isinstance(record.events[-2], StepFinished)
    assert record.events[-2].step == "1"


def test_an_empty_block_succeeds(room: Room) -> None:
    assert room.run_job(block()).end.status == "succeeded"


def test_secrets_are_masked_in_every_log(room: Room) -> None:
    record = room.run_job(block("echo s3cret", "echo s3cret"), masks=["s3cret"])
    assert record.log("1/1") == record.log("1/2") == b"***\n"


def test_a_hook_of_a_step_may_hold_steps(room: Room) -> None:
    inner: list[Any] = [TaskStep(id="1/1/ensure/1/1", name="in", run=sh("echo inner"))]
    step = task("true", id="1/1", hooks=Hooks(ensure=[Hook(id="1/1/ensure/1", steps=inner)]))
    record = room.run_job(InParallelStep(id="1", name="", steps=[step]))
    assert record.log("1/1/ensure/1/1") == b"inner\n"
