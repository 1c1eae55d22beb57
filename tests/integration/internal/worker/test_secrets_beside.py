"""Secrets where more than one thing runs: in services, in notifications, in steps side by side."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.domain.plan import (
    InParallelStep,
    Notification,
    NotificationType,
    NotifyStep,
    Secrets,
    SecretType,
    SecretVariable,
    Service,
    ServiceType,
)
from pikoci.internal.domain.secret_text import SecretReference, compose
from pikoci.internal.worker.settings import inherit_environment
from tests.integration.internal.worker.test_secrets import BEARER, HUNTER, TOKEN
from tests.services.requirement import program
from tests.unit.internal.worker.bench_room import Room, sh, task, worker_room


def test_a_service_sees_them_in_its_params_and_its_env(room: Room) -> None:
    start = 'echo "$param_password" | rev; echo "$EXTRA" | rev; echo "$param_password" > pw; (sleep 1000 &)'
    kind = ServiceType(name="db", start=sh(start), stop=sh("echo stopped $param_password"))
    record = room.run_job(
        task("rev pw"),
        services=[Service(id="1", type="db", params={"password": TOKEN}, env={"EXTRA": BEARER})],
        service_types=[kind],
        secrets=HUNTER,
    )
    assert record.end.reason == ""
    assert record.log("start/1") == b"22retnuh\n22retnuh reraeB\n"
    assert record.log("1") == b"22retnuh\n"
    assert record.log("stop/1") == b"stopped ***\n"


def test_a_built_in_service_sees_them_in_its_params_and_its_env(tmp_path: Path) -> None:
    folder = Path(program("nats", "nats-server")).parent
    environment = inherit_environment({"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(tmp_path)})
    look = "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sed -n 's/^SEEN_BY_NATS=//p' | sort -u | rev"
    with worker_room(tmp_path, environment=environment) as room:
        record = room.run_job(
            task(f'echo "$SERVICE_BUS_PASSWORD" | rev; {look}'),
            services=[Service(id="1", type="bus", params={"password": TOKEN}, env={"SEEN_BY_NATS": BEARER})],
            service_types=[ServiceType(name="bus", builtin="nats")],
            secrets=HUNTER,
        )
    assert record.end.reason == ""
    assert record.log("1") == b"22retnuh\n22retnuh reraeB\n"


def test_a_value_that_somebody_gave_is_never_taken_for_a_secret(room: Room) -> None:
    given = BuildInfo(id=1, number="1", job="j", pipeline="p", team="main", inputs={"INPUT_X": TOKEN})
    record = room.run_job(
        task('test "$INPUT_X" = "$A" || echo "$INPUT_X"', env={"A": TOKEN}), build=given, secrets=HUNTER
    )
    assert record.log("1").decode() == f"{TOKEN}\n"


def test_a_notification_sees_them_in_its_params_and_values(room: Room) -> None:
    show = 'echo "$param_key" | rev; echo "$notify_header" | rev; echo "$NOTIFY_MESSAGE $param_key"'
    record = room.run_job(
        NotifyStep(id="1", name="n", notification="own.n", message="hi", params={"header": BEARER}),
        notifications=[Notification(type="own", name="n", params={"key": TOKEN})],
        notification_types=[NotificationType(name="own", notify=sh(show))],
        secrets=HUNTER,
    )
    assert record.steps() == {"1": "succeeded"}
    assert record.log("1") == b"22retnuh\n22retnuh reraeB\nhi ***\n"


def test_a_step_that_begins_takes_no_secret_from_one_beside_it(room: Room) -> None:
    """The key of the one secret is another one, whose store is slow; meanwhile other steps begin."""
    secrets = Secrets(
        variables=[
            SecretVariable(name="token", secret_type="quick", key=compose([SecretReference("key")])),
            SecretVariable(name="key", secret_type="slow", key="name"),
        ],
        types=[
            SecretType(name="quick", get=sh("""echo '{"where": "hunter22"}'""")),
            SecretType(name="slow", get=sh("""sleep 0.5; echo '{"name": "where"}'""")),
        ],
    )
    first = task('echo "$A" | rev', id="1/1", name="first", env={"A": TOKEN})
    others = [task("sleep 0.1", id=f"1/{place}", name=f"t{place}") for place in range(2, 8)]
    record = room.run_job(InParallelStep(id="1", name="", steps=[first, *others], limit=2), secrets=secrets)
    assert record.end.reason == ""
    assert record.log("1/1") == b"22retnuh\n"
