"""A request that comes twice under one Idempotency-Key is done once."""

import gevent
import pytest

from pikoci.internal.api import ApiSettings
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.service.idempotency import Answer, KeyInUseError, KeyReusedError
from tests.unit.internal.api.scene import PASSWORD, Scene, hashed, make_scene, with_pipeline

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


def test_a_second_request_waits_for_the_first(scene: Scene) -> None:
    service, calls = scene.services.idempotency, []

    def act() -> Answer:
        calls.append(1)
        gevent.sleep(0.05)
        return Answer(status=201, body=b"made")

    runs = [gevent.spawn(service.run, "s", "k", "f", act, 5.0) for _ in range(3)]
    gevent.joinall(runs, timeout=5, raise_error=True)
    assert [run.value for run in runs] == [Answer(status=201, body=b"made")] * 3
    assert len(calls) == 1


def test_a_wait_is_bounded(scene: Scene) -> None:
    service = scene.services.idempotency

    def act() -> Answer:
        gevent.sleep(0.2)
        return Answer(status=200)

    first = gevent.spawn(service.run, "s", "k", "f", act, 5.0)
    gevent.sleep(0)
    with pytest.raises(KeyInUseError):
        service.run("s", "k", "f", act, 0.01)
    first.get(timeout=5)


def test_a_failure_lets_the_next_one_try(scene: Scene) -> None:
    service = scene.services.idempotency

    def fail() -> Answer:
        raise UnavailableError("away")

    with pytest.raises(UnavailableError):
        service.run("s", "k", "f", fail, 1.0)
    assert service.run("s", "k", "f", lambda: Answer(status=200), 1.0).status == 200
    with pytest.raises(KeyReusedError):
        service.run("s", "k", "other", fail, 1.0)


def test_a_server_that_died_in_between_leaves_no_second_build() -> None:
    scene = with_pipeline(make_scene(ApiSettings(version="1", replay_wait=0.01)))
    store = scene.services.context.store

    class KilledError(BaseException):
        """Stands for the end of the process: nothing after it is done."""

    def killed() -> Answer:
        scene.trigger()
        raise KilledError

    service = scene.services.idempotency
    forget, store.idempotency.delete = store.idempotency.delete, lambda *_: None  # type: ignore[method-assign] # dead
    with pytest.raises(KilledError):
        service.run("1 POST /x", "k", "f", killed, 1.0)
    store.idempotency.delete = forget  # type: ignore[method-assign] # the next server is well
    with pytest.raises(KeyInUseError):
        service.run("1 POST /x", "k", "f", killed, 0.01)
    assert len(scene.call("GET", "jobs/free/builds").json["items"]) == 1
