"""What the document allows is not refused for its form, and what it forbids is: one source for both."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
import pytest
from falcon.testing import Result

from pikoci.internal.api.names import PATH_FIELDS, read_path
from pikoci.internal.domain.errors import InvalidError
from tests.unit.internal.api.scene import PASSWORD, Scene

RUNNING = {"Pikoci-Worker": "worker-1", "Pikoci-Instance": "c0ffeec0ffeec0ffee.s1"}
HELLO = {"name": "worker-1", "instance": RUNNING["Pikoci-Instance"], "version": "1", "queues": [], "concurrency": 1}


@pytest.fixture
def document(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = scene.anonymous("GET", "/api/v1/openapi.json").json
    return found


def _work(scene: Scene, path: str, body: Any) -> Result:
    token = scene.services.tokens.worker_token("")
    headers = {**RUNNING, "Authorization": f"Bearer {token}", "Content-Type": "application/msgpack"}
    return scene.call("POST", f"/api/v1/worker/{path}", data=msgspec.msgpack.encode(body), headers=headers)


def test_every_field_of_an_address_is_described_by_what_checks_it(document: dict[str, Any]) -> None:
    seen = set()
    for operations in document["paths"].values():
        for parameter in (one for operation in operations.values() for one in operation["parameters"]):
            if parameter["in"] == "path":
                seen.add(parameter["name"])
                described = msgspec.json.schema(PATH_FIELDS[parameter["name"]].kind)
                assert parameter["schema"] == {
                    **described,
                    **({"pattern": described["pattern"].removesuffix(r"(?!\n)")} if "pattern" in described else {}),
                }
    assert seen == set(PATH_FIELDS)


@pytest.mark.parametrize("field", sorted(PATH_FIELDS))
@pytest.mark.parametrize("value", ["", "a\n", "1\n", "a\0b", "é", "x" * 1000, " 1", "٣"])
def test_a_field_that_cannot_be_is_refused(field: str, value: str) -> None:
    with pytest.raises(InvalidError):
        read_path({field: value})


def test_numbers_in_addresses_have_one_form_and_a_largest() -> None:
    assert read_path({"version": "7", "claim": str(2**62)}) == {"version": 7, "claim": 2**62}
    for value in ("7.0", "1e3", "07", "+7", "0", str(2**62 + 1), "9" * 500):
        with pytest.raises(InvalidError):
            read_path({"version": value})


def test_the_longest_names_can_be_addressed() -> None:
    label = "x" * 100
    longest = {"team": label, "pipeline": label, "job": "x" * 200, "resource": f"{label}.{label}", "worker": "x" * 200}
    assert read_path(longest) == longest
    for field, name in longest.items():
        with pytest.raises(InvalidError, match="cannot be the name of a"):
            read_path({field: name + "x"})


def test_a_user_with_an_at_sign_is_made_and_becomes_a_member(scene: Scene) -> None:
    user = {"name": "ann@example.org", "password": PASSWORD}
    assert scene.call("POST", "/api/v1/users", user).status_code == 201
    member = "/api/v1/teams/main/members/ann@example.org"
    assert scene.call("PUT", member, {"role": "read"}).status_code == 204
    assert scene.call("DELETE", member).status_code == 204


def test_names_in_bodies_are_refused_in_words(scene: Scene) -> None:
    answer = scene.call("POST", "/api/v1/teams", {"name": "_x"})
    assert answer.status_code == 400
    assert "the first a letter or digit, at most 100 characters" in answer.json["detail"]


def test_a_whole_number_may_be_written_with_a_point(scene: Scene) -> None:
    assert scene.call("POST", "jobs/unit/builds", {"inputs": {"button": 5.0}}).status_code == 404
    answer = scene.call("POST", "jobs/unit/builds", {"inputs": {"button": 5.5}})
    assert answer.status_code == 400
    assert "must be a whole number" in answer.json["detail"]


@pytest.mark.parametrize(
    ("password", "status"), [("short", 400), ("x" * 73, 400), ("é" * 40, 413), ("nul\0nul\0nul", 400), ("é" * 36, 201)]
)
def test_new_passwords_have_bounds(scene: Scene, password: str, status: int) -> None:
    assert scene.call("POST", "/api/v1/users", {"name": "ann", "password": password}).status_code == status


def test_the_bounds_of_passwords_are_documented(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["NewUser"]["properties"]["password"]
    assert (schema["minLength"], schema["maxLength"]) == (8, 72)
    assert re.search(schema["pattern"], "nul\0") is None


def test_a_new_pipeline_needs_its_name_by_the_document(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["NewPipeline"]["required"] == ["name", "config"]


@pytest.mark.parametrize("path", ["teams", "users", "workers", "queues", "worker-tokens", "profile"])
def test_only_what_may_be_public_is_open_to_strangers(scene: Scene, document: dict[str, Any], path: str) -> None:
    assert scene.anonymous("GET", f"/api/v1/{path}").status_code == 401
    assert {} not in document["paths"][f"/api/v1/{path}"]["get"]["security"]


def test_what_is_not_there_is_no_mistake_of_form(scene: Scene) -> None:
    assert scene.call("POST", "jobs/unit/builds", {"inputs": {"nothing": 1}}).status_code == 404
    scene.finished()
    events = scene.call("GET", "jobs/free/builds/1/events", query_string="offset=999")
    assert events.status_code == 409


@pytest.mark.parametrize("at", [math.nan, math.inf, -1.0, 1e300])
def test_a_report_has_times_that_can_be_shown(scene: Scene, at: float) -> None:
    event = {"type": "log", "step": "1", "at": at, "data": b"x"}
    answer = _work(scene, "builds/1/claims/1/events", {"first": 1, "events": [event]})
    assert (answer.status_code, "`$.events[0].at`" in answer.text) == (400, True)


@pytest.mark.parametrize("number", [0, -1, 2**63, 2**64 - 1])
def test_a_heartbeat_has_claims_that_can_be(scene: Scene, number: int) -> None:
    assert _work(scene, "register", HELLO).status_code == 200
    beat = {**HELLO, "state": "running", "builds": [{"build_id": number, "claim": 1}]}
    assert _work(scene, "heartbeat", beat).status_code == 400


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"concurrency": 10_001}, {"tags": ["x"] * 201}, {"queues": ["x" * 501]}]
)
def test_a_worker_introduces_itself_within_bounds(scene: Scene, wrong: dict[str, Any]) -> None:
    assert _work(scene, "register", {**HELLO, **wrong}).status_code == 400
