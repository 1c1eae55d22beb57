"""Service types and the services of jobs: what becomes of them, and what is wrong with them."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import Command, ReadyCheck, Service, ServiceType, decode_spec, encode_spec
from pikoci.internal.pipeline import diff
from tests.unit.internal.pipeline.loading import Finding, find, spec_of

DB = """
service_type "db" {
  params = ["version"]
  start "exec" {
    path = "pg_ctl"
    args = ["start"]
  }
  ready_check "shell" {
    cmd      = "pg_isready"
    interval = "2s"
    timeout  = "1m"
  }
  stop "shell" {
    cmd = "pg_ctl stop"
  }
}
"""
TASK = 'task "t" {\n  run "shell" {\n    cmd = "true"\n  }\n}\n'
READY = '  ready_check "shell" {\n    cmd = "true"\n  }\n'
START = '  start "shell" {\n    cmd = "serve"\n    foreground = true\n  }\n'
USE = f'job "j" {{\n  service "db" {{}}\n{TASK}}}\n'


def test_services_of_a_job_keep_their_order_apart_from_its_steps() -> None:
    used = '  service "other" {}\n  service "db" {\n    version = "16"\n    env = { A = 1 }\n  }\n'
    text = DB + DB.replace('"db"', '"other"') + f'job "j" {{\n{TASK}{used}}}\n'
    spec = spec_of(text)
    [job] = spec.jobs
    assert job.services == [
        Service(id="1", type="other"),
        Service(id="2", type="db", params={"version": "16"}, env={"A": "1"}),
    ]
    assert [step.id for step in job.steps] == ["1"]
    assert spec.service_types[0] == ServiceType(
        name="db",
        start=Command(runner="exec", params={"path": "pg_ctl", "args": ["start"]}),
        ready_check=ReadyCheck(
            command=Command(runner="shell", params={"cmd": "pg_isready"}), interval=2.0, timeout=60.0
        ),
        stop=Command(runner="shell", params={"cmd": "pg_ctl stop"}),
    )
    assert decode_spec(encode_spec(spec)) == spec


def test_one_in_the_foreground_needs_no_stop() -> None:
    spec = spec_of(f'service_type "db" {{\n{START}{READY}}}\n{USE}')
    [kind] = spec.service_types
    assert (kind.foreground, kind.stop) == (True, None)
    assert kind.ready_check == ReadyCheck(command=Command(runner="shell", params={"cmd": "true"}))


def test_a_condition_decides_on_a_service() -> None:
    text = DB + f'job "j" {{\n  if {{\n    condition = %s\n    service "db" {{}}\n  }}\n{TASK}}}\n'
    assert [one.type for one in spec_of(text % "true").jobs[0].services] == ["db"]
    assert spec_of(text % "false").jobs[0].services == []


def test_what_a_build_finds_out_decides_on_no_service() -> None:
    text = DB + f'job "j" {{\n{TASK}  if {{\n    condition = "$TASK_T_B == \'x\'"\n    service "db" {{}}\n  }}\n}}\n'
    assert find(text) == [
        Finding(
            25,
            5,
            "A service is decided on while the build runs",
            "Services start before all steps.",
            "put it into the job itself, or compare variables in the condition",
        )
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            f'service_type "db" {{\n{START}}}\n',
            Finding(
                4,
                18,
                'The service_type "db" has no "ready_check" block',
                "Nothing else tells when a service is ready that stays in the foreground.",
                'write ready_check "shell" { ... }',
            ),
        ),
        (
            f'service_type "db" {{\n{START.replace("true", "false")}{READY}}}\n',
            Finding(
                1, 1, 'The service_type "db" has no "stop" block', "", 'write stop "shell" { ... }, or source = ...'
            ),
        ),
        (
            DB.replace('"2s"', '"1ms"'),
            Finding(10, 16, 'Wrong value for "interval"', "It is 100ms or more."),
        ),
        (DB.replace('"1m"', '"0"'), Finding(11, 16, 'Wrong value for "timeout"', "It is 100ms or more.")),
        (
            DB + USE.replace('service "db" {}', 'service "db" {\n    size = 1\n  }'),
            Finding(19, 5, 'Unknown param "size" of db', "", "known are version"),
        ),
        (
            DB + USE.replace('service "db" {}', 'service "db" {}\n  service "db" {}'),
            Finding(19, 3, 'Duplicate service "db" in the job "j"', "The first is on line 18.", "take one of them out"),
        ),
        (
            USE,
            Finding(2, 11, 'Unknown service type "db"', any_text=True),
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, wanted: Finding) -> None:
    assert wanted in find(text)


def test_setting_shows_what_changes() -> None:
    before, after = spec_of(DB + USE), spec_of(DB.replace("2s", "3s") + USE)
    [change] = diff(before, after)
    assert (change.kind, change.what, change.name) == ("changed", "service_type", "db")
    [detail] = change.details
    assert (detail.path, detail.before, detail.after) == ("ready_check.interval", 2.0, 3.0)
