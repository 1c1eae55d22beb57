"""Service types and the services of jobs: what becomes of them, and what is wrong with them."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES
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


@pytest.mark.parametrize(
    ("name", "param", "detail"),
    [
        ("redis", 'runner = "podman"', '"podman" is not one of docker, local.'),
        ("keycloak", 'runner = "local"', "Keycloak runs in a container only."),
        ("redis", 'port = "70000"', "A port is a number from 1 to 65535."),
        ("redis", 'password = "a b"', "It has 1 to 200 letters, digits, and -._~."),
        ("minio", 'password = "short"', "Minio wants 8 characters or more."),
        ("redis", 'image = "a b"', '"a b:7.4.2" is not the name of an image.'),
        ("redis", 'tag = "a b"', '"a b" is not the tag of an image.'),
        ("redis", 'pull = "sometimes"', '"sometimes" is not one of missing, always, never.'),
        ("redis", 'cpus = "many"', '"many" is not a number of processors, such as 1.5.'),
        ("redis", 'memory = "much"', '"much" is not a size, such as 512m.'),
        ("redis", 'ready_timeout = "0"', "It is more than 0."),
        ("redis", 'ready_timeout = "soon"', '"soon" is not a duration.'),
    ],
)
def test_params_of_built_in_services_are_checked(name: str, param: str, detail: str) -> None:
    [found] = find(f'job "j" {{\n  service "{name}" {{\n    {param}\n  }}\n{TASK}}}\n')
    assert (found.line, found.summary) == (3, f'Wrong value for "{param.split(maxsplit=1)[0]}"')
    assert found.texts == (detail, "")


def test_a_param_that_a_built_in_service_does_not_have_is_an_error() -> None:
    [found] = find(f'job "j" {{\n  service "kafka" {{\n    password = "x"\n  }}\n{TASK}}}\n')
    assert found.summary == 'Unknown param "password" of kafka'


@pytest.mark.parametrize("name", BUILTIN_SERVICES)
def test_every_built_in_service_needs_no_definition(name: str) -> None:
    spec = spec_of(f'job "j" {{\n  service "{name}" {{\n    memory = "1g"\n  }}\n{TASK}}}\n')
    assert spec.service_types == [ServiceType(name=name, builtin=name)]
    assert spec.jobs[0].services == [Service(id="1", type=name, params={"memory": "1g"})]


def test_a_param_that_is_known_only_to_the_worker_is_not_checked_here() -> None:
    secret = 'variable "image" {\n  secret "file" {\n    path = "p"\n    key  = "k"\n  }\n}\n'
    text = f'{secret}job "j" {{\n  service "redis" {{\n    image = var.image\n    tag   = "1"\n  }}\n{TASK}}}\n'
    assert spec_of(text).jobs[0].services[0].params["tag"] == "1"
