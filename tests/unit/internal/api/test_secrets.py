"""The secret store over HTTP: values go in, and never out."""

from collections.abc import Iterator

import pytest

from pikoci.internal.domain.secret_entries import MAX_VALUE
from tests.services.memory_store import memory_store
from tests.unit.internal.api.scene import Scene, make_scene, with_pipeline

TEAM = "/api/v1/teams/main/secrets"
VALUE = 'hunter22 it\'s "$HOME" \n€\n'


@pytest.fixture
def scene() -> Iterator[Scene]:
    store = memory_store("a key of thirty-two bytes or more than that")
    made = with_pipeline(make_scene(store=store))
    yield made
    store.close()


@pytest.mark.parametrize("place", [TEAM, "secrets"])
def test_an_entry_is_set_listed_and_deleted(scene: Scene, place: str) -> None:
    for name in ("B", "A"):
        answer = scene.call("PUT", f"{place}/{name}", {"value": VALUE})
        assert (answer.status_code, answer.content) == (204, b"")
    listed = scene.call("GET", place)
    assert [set(one) for one in listed.json["items"]] == [{"name", "set_by", "set_at"}] * 2
    assert [(one["name"], one["set_by"]) for one in listed.json["items"]] == [("A", "admin"), ("B", "admin")]
    assert "hunter22" not in listed.text
    assert scene.call("DELETE", f"{place}/A").status_code == 204
    assert scene.call("DELETE", f"{place}/A").status_code == 404
    assert scene.call("GET", f"{place}/B").status_code == 405


def test_entries_of_a_team_and_of_its_pipelines_are_apart(scene: Scene) -> None:
    scene.call("PUT", "secrets/A", {"value": VALUE})
    assert scene.call("GET", TEAM).json["items"] == []


def test_nothing_of_a_request_is_kept_for_its_repetition(scene: Scene) -> None:
    key = {"Idempotency-Key": "k-1"}
    assert scene.call("PUT", f"{TEAM}/A", {"value": VALUE}, key).status_code == 204
    assert scene.call("PUT", f"{TEAM}/A", {"value": "other"}, key).status_code == 204
    session = getattr(getattr(scene.services.context.store, "_store"), "session")  # noqa: B009 - no part of the protocol
    assert session.rows("SELECT scope FROM idempotency_keys") == []


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("A", {"value": "x" * MAX_VALUE}, 204),
        ("A", {"value": "\n" * MAX_VALUE}, 204),
        ("A", {"value": "é" * MAX_VALUE}, 413),
        ("A", {"value": "x" * (MAX_VALUE + 1)}, 400),
        ("A", {"value": ""}, 400),
        ("A", {"value": "a\0b"}, 400),
        ("A", {"value": 7}, 400),
        ("A", {}, 400),
        ("A", {"value": "x", "more": "hunter22"}, 400),
        ("-A", {"value": "x"}, 400),
    ],
)
def test_what_cannot_be_kept_is_refused_without_showing_it(scene: Scene, name: str, body: object, status: int) -> None:
    answer = scene.call("PUT", f"{TEAM}/{name}", body)
    assert answer.status_code == status
    assert "hunter22" not in answer.text
    assert "xxx" not in answer.text
