"""A request that comes twice under one Idempotency-Key is done once."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.service.use_cases.idempotency import Answer, KeyReusedError
from tests.unit.internal.api.scene import CONFIG, PASSWORD, Scene, hashed, make_scene, make_store, with_pipeline

P = ParamSpec("P")
T = TypeVar("T")
KEY = {"Idempotency-Key": "k-1"}


def test_the_first_answer_is_given_again(scene: Scene) -> None:
    first = scene.call("POST", "jobs/free/builds", {}, KEY)
    again = scene.call("POST", "jobs/free/builds", {}, KEY)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["content-type"] == "application/json"
    assert len(scene.call("GET", "jobs/free/builds").json["items"]) == 1


def test_another_key_is_another_request(scene: Scene) -> None:
    scene.call("POST", "jobs/free/builds", {}, KEY)
    scene.call("POST", "jobs/free/builds", {}, {"Idempotency-Key": "k-2"})
    assert len(scene.call("GET", "jobs/free/builds").json["items"]) == 2


def test_a_key_with_another_body_is_refused(scene: Scene) -> None:
    scene.call("POST", "jobs/free/builds", {}, KEY)
    answer = scene.call("POST", "jobs/free/builds", {"inputs": {}}, KEY)
    assert (answer.status_code, answer.json["type"]) == (422, "urn:pikoci:problem:unprocessable")


def test_a_key_for_another_job_is_refused(scene: Scene) -> None:
    scene.call("POST", "jobs/free/builds", {}, KEY)
    assert scene.call("POST", "jobs/unit/builds", {}, KEY).status_code == 422


def test_keys_belong_to_a_user_and_a_route(scene: Scene) -> None:
    scene.call("POST", "jobs/free/builds", {}, KEY)
    assert scene.call("POST", "jobs/free/pause", None, KEY).status_code == 204
    scene.services.accounts.ensure_users([f"bob:{hashed(PASSWORD)}"])
    scene.token = scene.services.tokens.user_token(scene.services.accounts.login("bob", PASSWORD))
    assert scene.call("POST", "jobs/free/builds", {}, KEY).json["number"] == "2"


def test_a_deletion_is_answered_twice_the_same(scene: Scene) -> None:
    assert scene.call("DELETE", "", None, KEY).status_code == 204
    assert scene.call("DELETE", "", None, KEY).status_code == 204
    assert scene.call("DELETE", "", None, {"Idempotency-Key": "k-2"}).status_code == 404


def test_a_refused_request_leaves_the_key_free(scene: Scene) -> None:
    assert scene.call("PUT", "", {"config": "job {"}, KEY).status_code == 422
    assert scene.call("PUT", "", {"config": ""}, KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_key_that_cannot_be_is_refused(scene: Scene, key: str) -> None:
    assert scene.call("POST", "jobs/free/builds", {}, {"Idempotency-Key": key}).status_code == 400


def test_secrets_are_never_kept(scene: Scene) -> None:
    first = scene.call("POST", "resources/trigger.button/webhook-token", None, KEY).json
    assert scene.call("POST", "resources/trigger.button/webhook-token", None, KEY).json != first
    assert scene.services.context.store.idempotency.find("1 POST x", "k-1") is None


def test_a_failure_undoes_all_and_lets_the_next_one_try(scene: Scene) -> None:
    service = scene.services.idempotency

    def fail() -> Answer:
        scene.trigger()
        raise UnavailableError("away")

    with pytest.raises(UnavailableError):
        service.run("s", "k", "f", fail)
    assert not scene.call("GET", "jobs/free/builds").json["items"]
    assert service.run("s", "k", "f", lambda: Answer(status=200)).status == 200
    with pytest.raises(KeyReusedError):
        service.run("s", "k", "other", fail)


def test_nobody_hears_of_what_is_not_committed(scene: Scene) -> None:
    def act() -> Answer:
        scene.trigger()
        assert not scene.bells.rung
        return Answer(status=201)

    scene.services.idempotency.run("s", "k", "f", act)
    assert len(scene.bells.rung) == 1


def test_a_request_that_came_in_between_has_done_it(scene: Scene) -> None:
    service = scene.services.idempotency

    def act() -> Answer:
        kept = service.run("s", "k", "f", lambda: Answer(status=201, body=b"the other"))
        assert kept.body == b"the other"
        scene.services.accounts.ensure_team("mine")
        return Answer(status=201, body=b"mine")

    assert service.run("s", "k", "f", act).body == b"the other"
    assert scene.services.context.store.accounts.find_team("mine") is None


def test_what_takes_its_time_is_done_before_the_transaction() -> None:
    store, done = make_store(), []

    def outside(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        store.after_commit(lambda: done.append(function.__name__))
        assert done[-1:] == [function.__name__], "a transaction is open"
        return function(*args, **kwargs)

    scene = with_pipeline(make_scene(store=store, run_in_thread=outside))
    done.clear()
    new = {"name": "second", "config": CONFIG}
    assert scene.call("POST", "/api/v1/teams/main/pipelines", new, KEY).status_code == 201
    assert scene.call("PUT", "", {"config": CONFIG}, KEY).status_code == 200
    bob = {"name": "bob", "password": PASSWORD}
    assert scene.call("POST", "/api/v1/users", bob, KEY).status_code == 201
    assert done == ["_read", "_decoded", "_read", "hash_password"]
    assert scene.call("POST", "/api/v1/users", bob, KEY).status_code == 201
    assert len(done) == 4, "a kept answer needs no work"
