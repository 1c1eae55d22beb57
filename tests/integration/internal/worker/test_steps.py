"""What becomes of a build when its steps and hooks end in every way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from pikoci.internal.domain.events import StepFinished, StepStarted
from pikoci.internal.domain.plan import Command, GetStep, Hook, Hooks, Resource
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until

ALL = ("on_success", "on_failure", "on_cancel", "ensure")


def hooks(prefix: str, **scripts: str) -> Hooks:
    """Every kind of hook, each doing nothing unless a script is given."""
    made = {kind: [Hook(id=f"{prefix}{kind}/1", command=sh(scripts.get(kind, "true")))] for kind in ALL}
    return Hooks(**made)


def test_a_short_build_is_one_claim_and_one_report(room: Room) -> None:
    record = room.run_job(task("true"))
    assert record.end.status == "succeeded"
    assert room.gateway.calls["claim_build"] == 1
    assert room.gateway.calls["report"] == 1
    assert room.jobs.acknowledged == [b"1"]


def test_the_start_of_a_longer_step_is_seen_while_it_runs(room: Room) -> None:
    record = room.submit(task("echo before; sleep 60"))
    wait_until(lambda: record.started() == ["1"] and b"before" in record.log())
    assert not record.ended


def test_steps_after_a_failure_are_skipped(room: Room) -> None:
    record = room.run_job(task("exit 3", name="unit"), task("true", id="2"), task("true", id="3"))
    assert record.end.status == "failed"
    assert record.end.reason == 'task "unit": exit status 3'
    assert record.steps() == {"1": "failed", "2": "skipped", "3": "skipped"}


def test_a_skipped_step_keeps_its_name_and_kind(room: Room) -> None:
    record = room.run_job(task("exit 3", name="unit"), task("true", id="2", name="lint"))
    last = next(event for event in record.events if isinstance(event, StepFinished) and event.step == "2")
    assert (last.name, last.kind, last.status) == ("lint", "task", "skipped")


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (Command(runner="exec", params={"path": "/no/such/program"}), "/no/such/program: no such file or directory"),
        (Command(runner="exec", params={"path": "no-such-program"}), "command 'no-such-program' was not found in PATH"),
        (Command(runner="exec", params={"path": "/etc/passwd"}), "/etc/passwd: permission denied (is it executable?)"),
        (Command(runner="exec", params={"path": "true", "args": ["x" * 200_000]}), "the system does not take 20"),
        (Command(runner="exec", params={"path": "true", "args": ["\0"]}), "argument 1 contains a NUL byte"),
        (Command(runner="shell", params={"file": "none.sh"}), 'the script "none.sh" is not in the work directory'),
    ],
    ids=["missing", "unknown", "not executable", "too large", "NUL", "no script"],
)
def test_a_command_that_cannot_be_run_fails_its_step(room: Room, run: Command, reason: str) -> None:
    step = type(task(""))(id="1", name="t", run=run, hooks=hooks("1/"))
    record = room.run_job(step)
    assert record.end.status == "failed"
    assert reason in record.end.reason
    assert set(record.started()) == {"1", "1/on_failure/1", "1/ensure/1"}


def test_an_unknown_runner_is_named(room: Room) -> None:
    step = type(task(""))(id="1", name="t", run=Command(runner="podman"))
    assert 'there is no runner "podman"' in room.run_job(step).end.reason


@dataclass(frozen=True)
class Case:
    name: str
    script: str
    status: str
    ran: set[str]
    hook_scripts: dict[str, str] = field(default_factory=dict)
    timeout: float = 0.0


STEP_CASES = [
    Case("success", "true", "succeeded", {"on_success", "ensure"}),
    Case("failure", "false", "failed", {"on_failure", "ensure"}),
    Case("timeout of the step", "sleep 60", "failed", {"on_failure", "ensure"}, timeout=0.2),
    Case("on_success fails", "true", "succeeded", {"on_success", "ensure"}, {"on_success": "exit 4"}),
    Case("ensure fails", "true", "succeeded", {"on_success", "ensure"}, {"ensure": "exit 4"}),
    Case("on_failure fails too", "false", "failed", {"on_failure", "ensure"}, {"on_failure": "exit 4"}),
]


@pytest.mark.parametrize("case", STEP_CASES, ids=lambda case: case.name)
def test_hooks_of_a_step(room: Room, case: Case) -> None:
    step = task(case.script, timeout=case.timeout, hooks=hooks("1/", **case.hook_scripts))
    record = room.run_job(step)
    assert record.end.status == case.status
    assert set(record.started()) == {"1"} | {f"1/{hook}/1" for hook in case.ran}


JOB_CASES = [
    Case("success", "true", "succeeded", {"on_success", "ensure"}),
    Case("failure", "false", "failed", {"on_failure", "ensure"}),
    Case("timeout of the job", "sleep 60", "failed", {"on_cancel", "ensure"}, timeout=0.2),
    Case("on_success fails", "true", "succeeded", {"on_success", "ensure"}, {"on_success": "exit 4"}),
    Case("ensure fails", "false", "failed", {"on_failure", "ensure"}, {"ensure": "exit 4"}),
]


@pytest.mark.parametrize("case", JOB_CASES, ids=lambda case: case.name)
def test_hooks_of_a_job(room: Room, case: Case) -> None:
    record = room.run_job(task(case.script), timeout=case.timeout, hooks=hooks("", **case.hook_scripts))
    assert record.end.status == case.status
    assert set(record.started()) == {"1"} | {f"{hook}/1" for hook in case.ran}


def test_the_reason_tells_which_time_limit_was_met(room: Room) -> None:
    assert room.run_job(task("sleep 60", timeout=0.1)).end.reason == 'task "t" timed out after 100ms'
    assert room.run_job(task("sleep 60"), timeout=0.1).end.reason == "the job timed out after 100ms"


def test_a_failing_hook_is_shown_and_changes_nothing(room: Room) -> None:
    inner = task("exit 5", id="2/ensure/1/1", name="inner")
    record = room.run_job(
        task("true", hooks=hooks("1/", on_success="printf said; exit 4")),
        task("true", id="2", hooks=Hooks(ensure=[Hook(id="2/ensure/1", steps=[inner])])),
        task("true", id="3"),
        hooks=hooks("", ensure="echo $BUILD_STATUS; exit 6", on_success="exit 7"),
    )
    assert (record.end.status, record.end.reason) == ("succeeded", "")
    assert record.steps() == {
        **dict.fromkeys(("1", "1/ensure/1", "2", "3"), "succeeded"),
        **dict.fromkeys(("1/on_success/1", "2/ensure/1/1", "on_success/1", "ensure/1"), "failed"),
    }
    said = b"the on_success hook did not succeed, which changes nothing else: exit status 4\n"
    assert record.log("1/on_success/1") == b"said\n" + said
    assert record.log("ensure/1").startswith(b"succeeded\n")


def test_job_hooks_see_the_status(room: Room) -> None:
    show = "echo status=$BUILD_STATUS"
    record = room.run_job(task("false"), hooks=hooks("", on_failure=show, ensure=show))
    assert record.log("on_failure/1") == record.log("ensure/1") == b"status=failed\n"


def test_a_hook_can_hold_steps(room: Room) -> None:
    inner = Hook(id="1/ensure/1", steps=[task("echo inner", id="1/ensure/1/1"), task("true", id="1/ensure/1/2")])
    record = room.run_job(task("true", hooks=Hooks(ensure=[inner])))
    assert record.log("1/ensure/1/1") == b"inner\n"
    assert record.steps() == {"1": "succeeded", "1/ensure/1/1": "succeeded", "1/ensure/1/2": "succeeded"}


def test_attempts_end_with_the_first_success(room: Room) -> None:
    record = room.run_job(task("test -e done || { touch done; exit 1; }", attempts=3))
    tries = [event.try_number for event in record.events if isinstance(event, StepStarted)]
    assert record.end.status == "succeeded"
    assert tries == [1, 2]
    assert b"attempt 2/3\n" in record.log("1")


def test_each_attempt_has_the_whole_time(room: Room) -> None:
    record = room.run_job(task("test -e done || { touch done; sleep 60; }; sleep 0.2", attempts=2, timeout=0.35))
    assert record.end.status == "succeeded"


def test_attempts_run_out(room: Room) -> None:
    record = room.run_job(task("exit 5", attempts=2))
    assert record.steps() == {"1": "failed"}
    assert record.end.reason == 'task "t": exit status 5'


def test_inputs_and_outputs_are_files_or_directories(room: Room) -> None:
    script = "test ! -e dist; mkdir -p dist/deb app; touch dist/deb/y app/x"
    record = room.run_job(
        task(script, outputs=["dist/deb/", "app/x"]), task("ls dist", id="2", inputs=["dist/deb/y", "app"])
    )
    assert record.log("2") == b"deb\n"
    assert record.end.status == "succeeded"


def test_missing_inputs_fail_the_step_and_are_named(room: Room) -> None:
    record = room.run_job(
        task("mkdir other; touch file"),
        task("echo ran", id="2", name="u", inputs=["other", "repo", "lib/x"], hooks=hooks("2/")),
    )
    assert record.end.status == "failed"
    assert record.reason("2") == "missing inputs: repo, lib/x; the work directory holds file, other"
    assert record.log("2") == b""
    assert {"2/on_failure/1", "2/ensure/1"} <= set(record.started())


def test_missing_outputs_fail_the_step_and_are_named(room: Room) -> None:
    step = task(
        "echo A=1 > $PIKOCI_OUTPUT; touch a", outputs=["a", "b"], hooks=hooks("1/", on_failure="echo [$TASK_T_A]")
    )
    record = room.run_job(step)
    assert record.end.status == "failed"
    assert record.end.reason == 'task "t": missing outputs: b; the work directory holds a'
    assert record.log("1/on_failure/1") == b"[]\n"


def test_a_crowded_work_directory_is_not_listed_to_its_end(room: Room) -> None:
    record = room.run_job(task("touch $(seq -w 30)", outputs=["x"]))
    assert record.end.reason.endswith(" 19, 20, ...")


def test_a_link_that_leads_out_is_no_output(room: Room) -> None:
    record = room.run_job(task("mkdir a; ln -s a in; ln -s /etc out", outputs=["in", "out"]))
    assert '"out" is not a path below the work directory' in record.end.reason


@pytest.mark.parametrize("name", ["../x", "/etc", ""])
@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_inputs_and_outputs_stay_below_the_work_directory(room: Room, kind: str, name: str) -> None:
    record = room.run_job(msgspec.structs.replace(task("true"), **{kind: [name]}))
    assert record.end.status == "failed"
    assert "not a path below the work directory" in record.end.reason


def test_a_get_without_a_version_is_an_error(room: Room) -> None:
    record = room.run_job(GetStep(id="1", name="repo", resource="x.repo"), resources=[Resource(type="x", name="repo")])
    assert 'no version for the get "repo"' in record.end.reason


def test_the_work_directory_is_private_and_removed(room: Room, tmp_path: Path) -> None:
    record = room.run_job(task('stat -c %a "$WORKDIR/.." "$WORKDIR" "$TMPDIR"; mkdir -m 0 locked; pwd'))
    assert record.log().split()[:3] == [b"700"] * 3
    assert not list((tmp_path / "work" / "builds").iterdir())
