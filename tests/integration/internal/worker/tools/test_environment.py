"""What a command sees, and what it must not see."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import GetStep, Resource
from tests.unit.internal.worker.bench_room import Room, task


def variables(log: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in log.decode().splitlines() if "=" in line)


def test_the_contract_holds(room: Room) -> None:
    seen = variables(room.run_job(task("env")).log())
    assert {name: seen.get(name) for name in ("BUILD_ID", "BUILD_NUMBER", "BUILD_JOB_NAME", "CI", "BUILD_URL")} == {
        "BUILD_ID": "1",
        "BUILD_NUMBER": "3.1",
        "BUILD_JOB_NAME": "unit",
        "CI": "true",
        "BUILD_URL": "http://ci/b/1",
    }
    assert seen["BUILD_PIPELINE_NAME"] == "app"
    assert seen["BUILD_TEAM_NAME"] == "main"
    assert seen["WORKDIR"] == seen["PWD"]
    assert not seen["TMPDIR"].startswith(seen["WORKDIR"])
    assert "PIKOCI_OUTPUT" in seen


def test_nothing_of_the_worker_is_inherited(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORKER_TOKEN", "JWT_SECRET", "DB_PASSWORD"):
        monkeypatch.setenv(name, "s3cret")
    seen = variables(room.run_job(task("env")).log())
    assert "s3cret" not in str(seen)


def test_a_task_exports_to_later_steps(room: Room) -> None:
    export = "printf 'image tag=v1\\r\\nURL=http://x/?a=b\\n\\n' >> $PIKOCI_OUTPUT"
    seen = variables(room.run_job(task(export, name="build-it"), task("env", id="2")).log())
    assert seen["TASK_BUILD_IT_IMAGE_TAG"] == "v1"
    assert seen["TASK_BUILD_IT_URL"] == "http://x/?a=b"


def test_a_get_exports_its_version(room: Room) -> None:
    record = room.run_job(
        GetStep(id="1", name="my-timer", resource="cron.nightly"),
        task("env", id="2"),
        resources=[Resource(type="cron", name="nightly")],
        inputs={"my-timer": {"date": "2026", "meta": {"by": "x", "n": [1, True]}}},
    )
    seen = variables(record.log())
    assert seen["GET_MY_TIMER_DATE"] == "2026"
    assert seen["GET_MY_TIMER_META_BY"] == "x"
    assert (seen["GET_MY_TIMER_META_N_0"], seen["GET_MY_TIMER_META_N_1"]) == ("1", "true")


def test_what_is_no_export_is_passed_over(room: Room) -> None:
    script = r"printf '# B=2\n\n  \nwhat\n=x\nA=#1\r\n#\nC=a=b\n' > $PIKOCI_OUTPUT; echo ran"
    record = room.run_job(task(script, name="e"), task("env", id="2"))
    assert record.log("1").decode().splitlines() == [
        "ran",
        "line 4 of $PIKOCI_OUTPUT is not KEY=VALUE, and passed over: 'what'",
        "line 5 of $PIKOCI_OUTPUT is not KEY=VALUE, and passed over: '=x'",
    ]
    seen = variables(record.log("2"))
    assert {name: seen[name] for name in seen if name.startswith("TASK_")} == {"TASK_E_A": "#1", "TASK_E_C": "a=b"}


def test_of_many_lines_that_are_no_exports_ten_are_shown(room: Room) -> None:
    record = room.run_job(task("seq 1000 > $PIKOCI_OUTPUT"))
    assert record.end.status == "succeeded"
    assert record.log().count(b"passed over") == 10
    assert record.log().endswith(b"so are 990 more\n")


def test_exports_are_bounded(room: Room) -> None:
    record = room.run_job(task("head -c 1048577 /dev/zero > $PIKOCI_OUTPUT"))
    assert "larger than 1048576 bytes" in record.end.reason
