"""Environment variables that a pipeline sets, as commands see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pikoci.internal.domain.plan import (
    Command,
    GetStep,
    Hook,
    Hooks,
    JobPlan,
    PutStep,
    Resource,
    ResourceType,
    RunnerType,
    TaskStep,
)
from tests.unit.internal.worker.bench_room import Room, sh, task

SHOW = 'printf "%s" "$WHERE $OUTER"'
AWKWARD = 'it\'s "$HOME" `id`\n\\n $$ \t* €\n'


def test_the_inner_one_wins_and_hooks_see_those_of_their_step(room: Room) -> None:
    inner = task(SHOW, id="1/ensure/2/1", name="inner", env={"WHERE": "inner"})
    hooks = Hooks(
        on_success=[Hook(id="1/on_success/1", command=sh(SHOW))],
        ensure=[
            Hook(id="1/ensure/1", command=sh(SHOW), env={"WHERE": "hook"}),
            Hook(id="1/ensure/2", steps=[inner], env={"WHERE": "hook", "OUTER": "hook"}),
        ],
    )
    record = room.run_job(
        task(SHOW, env={"WHERE": "step"}, hooks=hooks),
        task(SHOW, id="2", name="u"),
        env={"WHERE": "file", "OUTER": "file"},
        hooks=Hooks(ensure=[Hook(id="ensure/1", command=sh(SHOW))]),
    )
    assert {step: record.log(step).decode() for step in record.steps()} == {
        "1": "step file",
        "1/on_success/1": "step file",
        "1/ensure/1": "hook file",
        "1/ensure/2/1": "inner hook",
        "2": "file file",
        "ensure/1": "file file",
    }


def test_the_job_wins_over_the_file_and_nobody_over_the_build(room: Room) -> None:
    step = task('printf "%s" "$A $B $BUILD_NUMBER"')
    job = JobPlan(name="unit", steps=[step], env={"A": "job", "BUILD_NUMBER": "0"})
    assert room.run_job(job=job, env={"A": "file", "B": "file"}).log() == b"job file 3.1"


@pytest.mark.parametrize("runner", ["shell", "exec", "mine"])
def test_a_value_arrives_byte_for_byte(room: Room, tmp_path: Path, runner: str) -> None:
    seen = tmp_path / "seen"
    code = f"import os; open('{seen}', 'wb').write(os.environb[b'AWKWARD'])"
    params: dict[str, dict[str, object]] = {
        "shell": {"cmd": f'printf %s "$AWKWARD" > {seen}'},
        "exec": {"path": "python3", "args": ["-c", code]},
        "mine": {"code": code},
    }
    mine = RunnerType(name="mine", path="python3", args=["-c", "$code", "$env"])
    step = TaskStep(id="1", name="t", run=Command(runner=runner, params=params[runner]), env={"AWKWARD": AWKWARD})
    room.run_job(step, runner_types=[mine])
    assert seen.read_text(encoding="utf-8") == AWKWARD


def test_env_is_handed_on_by_a_runner_of_the_pipeline(room: Room) -> None:
    show = RunnerType(name="show", path="/bin/sh", args=["-c", 'printf "[%s]" "$@"', "x", "$env"])
    step = TaskStep(
        id="1", name="t", run=Command(runner="show"), env={"PLAIN": AWKWARD, "TOKEN": "hunter22", "AUTH": "B hunter22"}
    )
    shown = room.run_job(step, runner_types=[show], masks=["hunter22"]).log().decode()
    assert f"[-e][PLAIN={AWKWARD}]" in shown
    assert "[-e][TOKEN]" in shown
    assert "[-e][AUTH]" in shown


def test_a_sensitive_value_is_masked_in_the_log_and_on_no_command_line(room: Room) -> None:
    step = task("echo \"$TOKEN\"; tr '\\0' ' ' < /proc/$$/cmdline", env={"TOKEN": "hunter22"})
    shown = room.run_job(step, masks=["hunter22"]).log().decode()
    assert shown.startswith("***\n/bin/sh -e ")
    assert shown.count("***") == 1


def test_params_of_a_runner_are_variables_of_its_command(room: Room) -> None:
    show = RunnerType(
        name="show", path="/bin/sh", args=["-c", "echo ${level},${list},${x},${CI},${args-none} $#", "x", "$args"]
    )
    step = TaskStep(
        id="1",
        name="t",
        env={"level": "of the step", "x": "of the step"},
        run=Command(runner="show", params={"level": 3, "list": ["a"], "CI": "no", "a-b": "", "args": ["1"]}),
    )
    assert room.run_job(step, runner_types=[show]).log() == b'3,["a"],of the step,true,none 1\n'


FEED = Resource(type="feed", name="news")


def test_commands_of_a_resource_type_see_it(room: Room) -> None:
    kind = ResourceType(name="feed", check=sh("""printf '[{"at": "%s"}]' "$WHERE" """), pull=sh(SHOW), push=sh(SHOW))
    record = room.run_job(
        GetStep(id="1", name="news", resource="feed.news", env={"WHERE": "get"}),
        PutStep(id="2", name="news", resource="feed.news", env={"WHERE": "put"}),
        resources=[FEED],
        resource_types=[kind],
        inputs={"news": {"at": "x"}},
        env={"OUTER": "file"},
    )
    assert (record.log("1"), record.log("2").splitlines()[0]) == (b"get file", b"put file")
    assert room.check(FEED, kind, env={"WHERE": "file"}).versions == [{"at": "file"}]
