"""The small types built in: cron, trigger, artifact."""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep, Resource, ResourceType
from tests.unit.internal.worker.bench_room import Room, task
from tests.unit.internal.worker.fake_gateway import Record

CRON = Resource(type="cron", name="nightly")
TRIGGER = Resource(type="trigger", name="go")
ARTIFACT = Resource(type="artifact", name="files")


def test_a_check_of_cron_makes_a_version_each_time(room: Room) -> None:
    kind = ResourceType(name="cron", builtin="cron")
    [first] = room.check(CRON, kind).versions
    [second] = room.check(CRON, kind).versions
    assert first["date"] < second["date"]
    assert second["date"].endswith("Z")


def test_a_put_to_a_trigger_names_the_build(room: Room) -> None:
    record = room.run_job(PutStep(id="1", name="go", resource="trigger.go", params={"why": "x"}), resources=[TRIGGER])
    [made] = record.versions()
    date = made.version.pop("date")
    assert isinstance(date, str)
    assert made.version == {"why": "x", "trigger_pipeline": "app", "trigger_job": "unit", "trigger_build": "3.1"}


def test_cron_takes_no_put(room: Room) -> None:
    record = room.run_job(PutStep(id="1", name="c", resource="cron.nightly"), resources=[CRON])
    assert 'put "c": "cron.nightly" is a cron resource, and cannot be put' in record.end.reason


def get(room: Room, version: dict[str, object], script: str = "true") -> str:
    record = room.run_job(
        GetStep(id="1", name="files", resource="artifact.files", params={"dir": "in"}),
        task(script, id="2"),
        resources=[ARTIFACT],
        inputs={"files": version},
    )
    return record.log("2").decode() if record.end.status == "succeeded" else record.end.reason


def test_files_cross_from_build_to_build(room: Room) -> None:
    make = (
        "mkdir -p out/sub; cd out; echo hello > sub/a; printf '#!/bin/sh\\necho ran' > run; chmod +x run; ln -s sub/a l"
    )
    record = room.run_job(
        task(make), PutStep(id="2", name="f", resource="artifact.files", params={"dir": "out"}), resources=[ARTIFACT]
    )
    [made] = record.versions()
    assert set(made.version) == {"sha", "timestamp"}
    assert record.log("2").startswith(b"stored out as ")
    assert get(room, made.version, "cat in/sub/a; in/run; readlink in/l") == "hello\nran\nsub/a\n"


def put(room: Room, make: str) -> Record:
    return room.run_job(
        task(make), PutStep(id="2", name="f", resource="artifact.files", params={"dir": "out"}), resources=[ARTIFACT]
    )


def test_links_cross_as_links_wherever_they_lead(room: Room) -> None:
    links = {"python": "/usr/bin/env", "up": "../../..", "broken": "nowhere", "over": "b"}
    make = "mkdir out; cd out; echo b > b; " + "; ".join(f"ln -s {to} {name}" for name, to in links.items())
    [made] = put(room, make).versions()
    shown = get(room, made.version, "cd in; " + "; ".join(f"readlink {name}" for name in links))
    assert shown.split() == list(links.values())


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        ("mkfifo 'out/a b'", '"a b" is a FIFO'),
        (
            "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"out/s\")'",
            '"s" is a socket',
        ),
    ],
)
def test_what_cannot_be_stored_fails_the_put_by_name(room: Room, make: str, reason: str) -> None:
    record = put(room, f"mkdir -p out; {make}")
    assert record.end.status == "failed"
    assert reason in record.end.reason
    assert room.gateway.artifacts == {}


def test_a_large_directory_streams(room: Room) -> None:
    record = room.run_job(
        task("mkdir out; head -c 30000000 /dev/urandom > out/big; sha256sum < out/big"),
        PutStep(id="2", name="f", resource="artifact.files", params={"dir": "out"}),
        resources=[ARTIFACT],
        seconds=30,
    )
    [made] = record.versions()
    assert get(room, made.version, "sha256sum < in/big") == record.log("1").decode()


def test_a_missing_directory_is_named(room: Room) -> None:
    for name in ("nowhere", "../..", ""):
        record = room.run_job(
            PutStep(id="1", name="f", resource="artifact.files", params={"dir": name}), resources=[ARTIFACT]
        )
        assert record.end.status == "failed"
        assert f'"{name}"' in record.end.reason


def test_an_artifact_that_is_gone_is_named(room: Room) -> None:
    assert "there is no artifact 0000" in get(room, {"sha": "0" * 64})
    assert "64 hex digits" in get(room, {"sha": "x"})


def test_a_damaged_artifact_is_refused(room: Room) -> None:
    room.gateway.artifacts["1" * 64] = b"something else"
    assert "sent something else" in get(room, {"sha": "1" * 64})


def test_an_archive_cannot_reach_out_of_its_directory(room: Room) -> None:
    for name in ("../evil", "/tmp/evil-pikoci"):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as tar:
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
        digest = sha256(data.getvalue()).hexdigest()
        room.gateway.artifacts[digest] = data.getvalue()
        answer = get(room, {"sha": digest}, "ls; ls /tmp/evil-pikoci 2>/dev/null || true")
        assert "evil" not in answer or "outside the destination" in answer


def test_an_artifact_survives_an_outage(room: Room) -> None:
    room.gateway.away_for = {"store_artifact": 2, "load_artifact": 2}
    record = room.run_job(
        task("mkdir out; echo a > out/a"),
        PutStep(id="2", name="f", resource="artifact.files", params={"dir": "out"}),
        resources=[ARTIFACT],
    )
    [made] = record.versions()
    assert get(room, made.version, "cat in/a") == "a\n"
