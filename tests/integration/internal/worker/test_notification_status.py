"""The status of a commit, told to the hosts that people keep repositories at."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pikoci.internal.domain.plan import GetStep, Notification, NotifyStep, Resource, ResourceType
from tests.services.receiver import Receiver, receiving
from tests.unit.internal.worker.bench_room import Room, sh, task, worker_room

SHA = "4fddf21" + "0" * 33
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CHECKS = "/ok/repos/org/app/check-runs"


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    with worker_room(tmp_path, notify_pauses=()) as found:
        yield found


@pytest.fixture
def receiver() -> Receiver:
    answers = {"/ok/app/installations/5/access_tokens": b'{"token": "ghs_1"}', CHECKS: b'{"id": 77}'}
    return Receiver(answers=answers)


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    with receiving(receiver) as found:
        yield f"{found}/ok"


def run(room: Room, kind: str, params: dict[str, Any], *, script: str = "true", sha: str = SHA, **step: Any) -> Any:
    """A build that gets a commit, tells of its begin and of its end."""
    told = {"message": "from $BUILD_JOB_NAME", "on": ["all"]}
    return room.run_job(
        GetStep(id="1", name="app", resource="feed.app"),
        NotifyStep(id="2", name="n", notification=f"{kind}.n", params=step),
        task(script, id="3"),
        resources=[Resource(type="feed", name="app")],
        resource_types=[ResourceType(name="feed", pull=sh("true"))],
        inputs={"app": {"ref": sha}},
        notifications=[Notification(type=kind, name="n", params=params, **told)],  # type: ignore[arg-type] # of both kinds
    )


def pem(form: PrivateFormat) -> str:
    return KEY.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def test_github(room: Room, receiver: Receiver, address: str) -> None:
    params = {"api": address, "token": "t0", "repository": "org/app"}
    record = run(room, "github-status", params, script="exit 1")
    assert record.steps()["2"] == record.steps()["notify/1"] == "succeeded", record.log()
    begin, end = receiver.requests
    assert begin.path == end.path == f"/ok/repos/org/app/statuses/{SHA}"
    assert begin.headers["authorization"] == "Bearer t0"
    common = {"context": "pikoci/app/unit", "description": "from unit", "target_url": "http://ci/b/1"}
    assert json.loads(begin.body) == {"state": "pending", **common}
    assert json.loads(end.body) == {"state": "failure", **common}


def test_gitlab(room: Room, receiver: Receiver, address: str) -> None:
    params = {"url": address, "token": "t0", "project": "group/app", "context": "ci", "commit": "$GET_APP_REF"}
    record = run(room, "gitlab-status", params, description="x " * 100)
    assert record.steps()["2"] == record.steps()["notify/1"] == "succeeded", record.log()
    begin, end = receiver.requests
    assert begin.path == f"/ok/api/v4/projects/group/app/statuses/{SHA}"  # the slash came as %2F
    assert begin.headers["private-token"] == "t0"
    assert len(json.loads(begin.body)["description"]) == 140
    assert json.loads(end.body) == {
        "state": "success", "name": "ci", "description": "from unit", "target_url": "http://ci/b/1"
    }  # fmt: skip
    assert json.loads(begin.body)["state"] == "running"


def test_gitea(room: Room, receiver: Receiver, address: str) -> None:
    params = {"url": f"{address}/", "token": "t0", "repository": "org/app"}
    record = run(room, "gitea-status", params, status="warning", commit="abcdef0")
    assert record.steps()["2"] == "succeeded", record.log()
    begin, _ = receiver.requests
    assert begin.path == "/ok/api/v1/repos/org/app/statuses/abcdef0"
    assert begin.headers["authorization"] == "token t0"
    assert json.loads(begin.body)["state"] == "warning"


@pytest.mark.parametrize(
    ("params", "sha", "reason"),
    [
        ({"repository": "org/app"}, "no-commit", 'no commit is known here; write commit = "$GET_<NAME>_REF"'),
        ({"repository": "org/app", "commit": "../x"}, SHA, 'no commit is known here; write commit = "$GET_<NAME>_REF"'),
        ({"repository": "org/app/x"}, SHA, "repository is not owner/name"),
        ({"repository": "../app"}, SHA, "repository is not owner/name"),
        ({"repository": "org/app", "token": "t0\r\nX: y"}, SHA, "the address or a setting cannot be used"),
    ],
)
def test_what_cannot_be_told_says_why(
    room: Room, receiver: Receiver, address: str, params: dict[str, str], sha: str, reason: str
) -> None:
    record = run(room, "github-status", {"api": address, "token": "t0", **params}, sha=sha)
    assert record.reason("2") == reason
    assert record.end.status == "succeeded"
    assert receiver.requests == []


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_a_check_run_is_created_and_completed(
    room: Room, receiver: Receiver, address: str, form: PrivateFormat
) -> None:
    params = {"api": address, "app_id": "9", "installation_id": "5", "private_key": pem(form), "repository": "org/app"}
    record = run(room, "github-check", params, script="exit 1", status="in_progress")
    assert record.steps()["2"] == record.steps()["notify/1"] == "succeeded", record.log()
    asked, created, _, completed = receiver.requests
    token = asked.headers["authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, KEY.public_key(), algorithms=["RS256"])["iss"] == "9"
    assert (created.method, created.path) == ("POST", CHECKS)
    assert (completed.method, completed.path) == ("PATCH", f"{CHECKS}/77")
    assert created.headers["authorization"] == "Bearer ghs_1"
    common = {
        "name": "app/unit",
        "head_sha": SHA,
        "details_url": "http://ci/b/1",
    }
    output = {"title": "[app/unit] Build #3.1 started", "summary": "from unit"}
    assert json.loads(created.body) == {**common, "status": "in_progress", "output": output}
    end = json.loads(completed.body)
    assert (end["status"], end["conclusion"]) == ("completed", "failure")
    assert b"ghs_1" not in record.log()


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("no key", "private_key holds no RSA private key in PEM form"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END", "private_key is damaged, or of another kind than RSA"),
        ("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END", "private_key is damaged, or of another kind than RSA"),
    ],
)
def test_a_key_that_is_none_is_named(room: Room, receiver: Receiver, address: str, key: str, reason: str) -> None:
    params = {"api": address, "app_id": "9", "installation_id": "5", "private_key": key, "repository": "org/app"}
    record = run(room, "github-check", params)
    assert record.reason("2") == reason
    assert receiver.requests == []
