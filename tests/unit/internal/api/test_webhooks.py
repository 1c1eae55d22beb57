"""Deliveries to webhooks: who is believed, what becomes of them, and what is told of that."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from falcon.testing import Result

from pikoci.internal.api import ApiSettings
from pikoci.internal.domain.webhooks.model import Delivery
from tests.unit.internal.api.scene import Scene, make_scene
from tests.unit.internal.domain.webhooks.deliveries import bitbucket, gitea, github, gitlab, moved, signed

SECRET = "s3cret"
CONFIG = """
resource "git" "app" {
  webhook_secret = "s3cret"
  params {
    url    = "https://git.example.com/app"
    branch = "main"
  }
}

resource "git" "open" {
  params { url = "https://git.example.com/app" }
}
"""


@pytest.fixture
def scene() -> Scene:
    return furnished(make_scene())


def furnished(scene: Scene) -> Scene:
    assert scene.call("PUT", "", {"config": CONFIG}).status_code == 200
    return scene


def post(scene: Scene, posted: Delivery, resource: str = "git.app") -> Result:
    token = scene.call("GET", f"resources/{resource}").json["webhook_token"]
    return scene.call("POST", f"/webhooks/{token}", headers={**posted.headers}, data=posted.body)


def counted(scene: Scene) -> dict[str, int]:
    return scene.services.context.measures.webhooks


@pytest.mark.parametrize(
    "posted",
    [
        signed(github(), "x-hub-signature-256", SECRET),
        signed(gitea(), "x-gitea-signature", SECRET, ""),
        signed(bitbucket(moved("main")), "x-hub-signature", SECRET),
        Delivery({**gitlab().headers, "x-gitlab-token": SECRET}, gitlab().body),
        signed(Delivery(), "x-hub-signature-256", SECRET),
    ],
)
def test_a_signed_event_has_its_resource_checked(scene: Scene, posted: Delivery) -> None:
    answer = post(scene, posted)
    assert (answer.status_code, answer.json) == (202, {"resource": "git.app", "checked": True, "reason": ""})
    assert counted(scene) == {"checked": 1, "passed_over": 0, "refused": 0}


@pytest.mark.parametrize("posted", [Delivery(), github(), signed(github(), "x-hub-signature-256", SECRET + "x")])
def test_any_other_is_refused_without_a_reason_that_stands_in_the_log(
    scene: Scene, posted: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = post(scene, posted)
    assert answer.status_code == 403
    assert (answer.json["detail"], answer.json["hint"]) == ("this delivery is refused", "the server's log says why")
    [record] = [one for one in caplog.records if "not signed" in one.message]
    assert (record.__dict__["team"], record.__dict__["resource"]) == ("main", "git.app")
    assert counted(scene) == {"checked": 0, "passed_over": 0, "refused": 1}


def test_an_event_that_does_not_concern_the_resource_is_passed_over(scene: Scene) -> None:
    before = scene.call("GET", "resources/git.app").json["next_check_at"]
    answer = post(scene, signed(github(ref="refs/heads/dev"), "x-hub-signature-256", SECRET))
    assert answer.status_code == 200
    assert answer.json == {"resource": "git.app", "checked": False, "reason": "another branch"}
    assert scene.call("GET", "resources/git.app").json["next_check_at"] == before
    ping = post(scene, github("ping", {"zen": "x"}), "git.open")
    assert (ping.status_code, ping.json["reason"]) == (200, "a ping")
    assert counted(scene) == {"checked": 0, "passed_over": 2, "refused": 0}
    assert 'pikoci_webhooks_total{outcome="passed_over"} 2.0' in scene.anonymous("GET", "/metrics").text


def test_members_see_whether_there_is_a_secret_and_nobody_which(scene: Scene) -> None:
    assert scene.call("GET", "resources/git.app").json["has_webhook_secret"] is True
    listed = scene.call("GET", "resources")
    assert [one["has_webhook_secret"] for one in listed.json["items"]] == [True, False]
    assert SECRET not in listed.text
    scene.call("POST", "publish")
    public = scene.anonymous("GET", "/api/v1/teams/main/pipelines/demo/resources/git.app").json
    assert (public["has_webhook_secret"], public["webhook_token"]) == (False, "")


def test_no_more_than_a_forge_sends_is_read_and_nothing_for_an_unknown_token() -> None:
    scene = furnished(make_scene(ApiSettings(version="1", max_webhook_body=100)))
    assert post(scene, Delivery({}, b"x" * 100), "git.open").status_code == 202
    assert post(scene, Delivery({}, b"x" * 101), "git.open").status_code == 413
    assert scene.anonymous("POST", "/webhooks/none", body=b"x" * 101).status_code == 404


def test_a_large_delivery_is_judged_in_a_thread() -> None:
    threaded: list[Any] = []

    def run(function: Any, /, *args: Any, **kwargs: Any) -> Any:
        threaded.append(function)
        return function(*args, **kwargs)

    scene = furnished(make_scene(run_in_thread=run))
    threaded.clear()
    assert post(scene, github(), "git.open").status_code == 202
    assert not threaded
    assert post(scene, github(message="x" * 100_000), "git.open").status_code == 202
    assert len(threaded) == 1


def test_the_same_delivery_twice_is_harmless(scene: Scene) -> None:
    posted = signed(github(), "x-hub-signature-256", SECRET)
    assert [post(scene, posted).status_code for _ in range(2)] == [202, 202]
    scene.services.scheduling.dispatch_checks()
    assert [queue for queue, _ in scene.bells.rung].count("checks") == 2  # one for each resource, which are new
