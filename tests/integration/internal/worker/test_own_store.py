"""Entries of the server's own store in builds and checks."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.errors import ConflictError, PermissionDeniedError
from pikoci.internal.domain.plan import Resource, ResourceType, Secrets, SecretType, SecretVariable
from pikoci.internal.domain.secret_text import SecretReference, compose
from tests.unit.internal.worker.bench_room import Room, sh, task

TOKEN = compose([SecretReference("token")])
SECRETS = Secrets(
    variables=[SecretVariable(name="token", secret_type="pikoci", path="TOKEN", key="value")],
    types=[SecretType(name="pikoci", builtin="pikoci")],
)


def test_a_step_has_the_value_of_when_it_begins_masked_in_its_log(room: Room) -> None:
    room.gateway.secrets["TOKEN"] = "hunter22"
    record = room.run_job(
        task('test "$T$T" = hunter22hunter22 && echo "it is $T"', env={"T": TOKEN}),
        task('echo "$T" | rev', env={"T": TOKEN}, id="2"),
        secrets=SECRETS,
    )
    assert record.end.reason == ""
    assert (record.log("1"), record.log("2")) == (b"it is ***\n", b"22retnuh\n")
    assert "hunter22" not in repr(record.events)
    assert room.gateway.calls["build_secret"] == 2, "once for each step"


def test_a_check_reads_them_too(room: Room) -> None:
    room.gateway.secrets["TOKEN"] = "hunter22"
    feed = Resource(type="feed", name="news", params={"auth": TOKEN})
    kind = ResourceType(name="feed", check=sh("""echo "[{\\"size\\": \\"${#param_auth}\\"}]" """))
    assert room.check(feed, kind, secrets=SECRETS).versions == [{"size": "8"}]
    del room.gateway.secrets["TOKEN"]
    error = room.check(feed, kind, secrets=SECRETS).error
    assert error == "no value for var.token from pikoci: neither pipeline nor team has a secret TOKEN"


@pytest.mark.parametrize(
    ("kept", "status", "reason"),
    [
        (None, "failed", "no value for var.token from pikoci: neither pipeline nor team has a secret TOKEN"),
        (ConflictError("no key opens it"), "errored", "the server does not give the secret TOKEN: no key opens it"),
        (PermissionDeniedError("no"), "errored", "the server does not give the secret TOKEN: no"),
    ],
)
def test_a_missing_entry_fails_the_step_and_what_the_server_refuses_is_an_error(
    room: Room, kept: Exception | None, status: str, reason: str
) -> None:
    if kept is not None:
        room.gateway.secrets["TOKEN"] = kept
    record = room.run_job(task("true", env={"T": TOKEN}), secrets=SECRETS)
    assert (record.end.status.value, record.reason("1")) == (status, reason)


def test_a_server_that_is_away_is_asked_again(room: Room) -> None:
    room.gateway.secrets["TOKEN"] = "hunter22"
    room.gateway.away_for["build_secret"] = 3
    record = room.run_job(task('test "$T" = hunter22', env={"T": TOKEN}), secrets=SECRETS)
    assert record.end.reason == ""
    assert room.gateway.calls["build_secret"] == 4


def test_a_step_does_not_outlive_its_time_while_the_server_is_away(room: Room) -> None:
    room.gateway.away_for["build_secret"] = 1_000_000
    record = room.run_job(task("true", env={"T": TOKEN}, timeout=0.3), secrets=SECRETS)
    assert record.end.status.value == "failed"
    assert "0.3s" in record.reason("1") or "time" in record.reason("1")
