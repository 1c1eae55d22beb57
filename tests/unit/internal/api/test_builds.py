"""Pipelines, jobs, builds and resources over HTTP."""

import re
import xml.etree.ElementTree as ET

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildFinished
from tests.unit.internal.api.scene import CONFIG, PIPELINE, Scene


def test_a_pipeline_is_made_once(scene: Scene) -> None:
    body = {"name": "second", "config": CONFIG}
    made = scene.call("POST", "/api/v1/teams/main/pipelines", body)
    assert made.status_code == 201
    assert made.json["pipeline"]["name"] == "second"
    assert {change["name"] for change in made.json["changes"]} >= {"unit", "ship", "trigger.button"}
    again = scene.call("POST", "/api/v1/teams/main/pipelines", body)
    assert (again.status_code, again.json["hint"]) == (409, "PUT to its address to change it")


def test_a_pipeline_needs_a_name_and_keeps_it(scene: Scene) -> None:
    assert scene.call("POST", "/api/v1/teams/main/pipelines", {"config": CONFIG}).status_code == 400
    assert scene.call("PUT", "", {"config": CONFIG, "name": "other"}).status_code == 422
    assert scene.call("PUT", "", {"config": CONFIG, "name": "demo"}).status_code == 200


def test_a_plan_changes_nothing(scene: Scene) -> None:
    changed = CONFIG.replace('job "free"', 'job "freed"')
    plan = scene.call("POST", "plan", {"config": changed}).json
    assert {(change["kind"], change["name"]) for change in plan["changes"]} == {("added", "freed"), ("removed", "free")}
    assert [job["name"] for job in scene.call("GET", "jobs").json["items"]] == ["unit", "ship", "free"]


def test_a_pipeline_shows_its_file_to_members(scene: Scene) -> None:
    assert scene.call("GET", "").json["config"] == CONFIG


@pytest.mark.parametrize(
    ("word", "undo", "field"), [("pause", "unpause", "paused"), ("publish", "unpublish", "public")]
)
def test_switches_of_a_pipeline_can_be_set_twice(scene: Scene, word: str, undo: str, field: str) -> None:
    for action, expected in ((word, True), (word, True), (undo, False), (undo, False)):
        assert scene.call("POST", action).status_code == 204
        assert scene.call("GET", "").json["pipeline"][field] is expected


def test_a_deleted_pipeline_is_gone(scene: Scene) -> None:
    assert scene.call("DELETE", "").status_code == 204
    assert scene.call("GET", "").status_code == 404


def test_a_build_goes_from_trigger_to_success(scene: Scene) -> None:
    answer = scene.call("POST", "jobs/free/builds", {})
    assert answer.status_code == 201
    assert (answer.json["number"], answer.json["status"], answer.json["attempt"]) == ("1", "pending", 0)
    scene.finish(int(answer.json["id"]))
    shown = scene.call("GET", "jobs/free/builds/1").json
    assert (shown["status"], shown["worker"]) == ("succeeded", "worker-1")
    assert shown["created_at"].endswith("Z")
    assert [(step["name"], step["status"], step["exit_code"]) for step in shown["steps"]] == [("go", "succeeded", 0)]


def test_a_build_can_be_triggered_without_a_body(scene: Scene) -> None:
    assert scene.call("POST", "jobs/free/builds").status_code == 201


def test_builds_are_listed_in_parts(scene: Scene) -> None:
    for _ in range(5):
        scene.trigger()
    first = scene.call("GET", "jobs/free/builds", query_string="limit=3").json
    assert [build["number"] for build in first["items"]] == ["5", "4", "3"]
    second = scene.call("GET", "jobs/free/builds", query_string=f"limit=3&cursor={first['next']}").json
    assert [build["number"] for build in second["items"]] == ["2", "1"]
    assert second["next"] is None


def test_builds_are_listed_by_status(scene: Scene) -> None:
    scene.finished()
    scene.trigger()
    for query, numbers in (
        ("status=succeeded", ["1"]),
        ("status=pending,succeeded", ["2", "1"]),
        ("status=failed", []),
    ):
        answer = scene.call("GET", "jobs/free/builds", query_string=query)
        assert [build["number"] for build in answer.json["items"]] == numbers


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "%00", "1;drop"])
@pytest.mark.parametrize("path", ["jobs/free/builds", "jobs", "resources", "/api/v1/teams/main/pipelines"])
def test_a_cursor_that_was_not_given_is_refused(scene: Scene, path: str, cursor: str) -> None:
    answer = scene.call("GET", path, query_string=f"cursor={cursor}")
    assert answer.status_code == 400, answer.text


def test_a_cancel_and_a_retry(scene: Scene) -> None:
    scene.trigger()
    cancelled = scene.call("POST", "jobs/free/builds/1/cancel")
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    retried = scene.call("POST", "jobs/free/builds/1/retry")
    assert (retried.status_code, retried.json["number"]) == (201, "1.1")
    assert scene.call("GET", "jobs/free/builds/1.1").status_code == 200
    assert scene.call("POST", "jobs/free/builds/1.1/retry").status_code == 409


@pytest.mark.parametrize("number", ["0", "-1", "1.", "1.0", "abc", "1" * 30, "01"])
def test_a_build_number_that_cannot_be_is_refused(scene: Scene, number: str) -> None:
    assert scene.call("GET", f"jobs/free/builds/{number}").status_code == 400


def test_a_job_can_be_paused(scene: Scene) -> None:
    assert scene.call("POST", "jobs/free/pause").status_code == 204
    assert scene.call("GET", "jobs/free").json["paused"] is True
    assert "paused" in scene.call("POST", "jobs/free/builds", {}).json["reason"]
    assert scene.call("POST", "jobs/free/unpause").status_code == 204


def test_lists_that_come_whole_are_given_in_parts(scene: Scene) -> None:
    first = scene.call("GET", "jobs", query_string="limit=2").json
    assert [job["name"] for job in first["items"]] == ["unit", "ship"]
    second = scene.call("GET", "jobs", query_string=f"limit=2&cursor={first['next']}").json
    assert ([job["name"] for job in second["items"]], second["next"]) == (["free"], None)


def _version(scene: Scene) -> int:
    """Let the worker find a version."""
    from pikoci.internal.domain.gateway import CheckResult

    assert scene.call("POST", "resources/trigger.button/check").status_code == 204
    scene.services.scheduling.dispatch_checks()
    scene.claim(scene.trigger())
    resource = scene.services.context.store.resources.find(1, "trigger.button")
    assert resource is not None
    assignment = scene.services.gateway.claim_check(resource.id, "worker-1", "i")
    scene.services.gateway.finish_check(resource.id, assignment.claim, CheckResult(versions=[{"date": "today"}]))
    [version] = scene.call("GET", "resources/trigger.button/versions").json["items"]
    return int(version["id"])


def test_versions_can_be_pinned_disabled_and_built(scene: Scene) -> None:
    version, base = _version(scene), "resources/trigger.button"
    assert scene.call("GET", base).json["latest"]["version"] == {"date": "today"}
    assert scene.call("POST", f"{base}/pin", {"version_id": version}).status_code == 204
    assert scene.call("GET", base).json["pinned"]["id"] == version
    assert scene.call("POST", f"{base}/unpin").status_code == 204
    assert scene.call("POST", f"{base}/versions/{version}/disable").status_code == 204
    assert scene.call("GET", f"{base}/versions").json["items"][0]["enabled"] is False
    assert scene.call("POST", f"{base}/versions/{version}/enable").status_code == 204
    started = scene.call("POST", f"{base}/versions/{version}/trigger")
    assert (started.status_code, [build["job"] for build in started.json["builds"]]) == (201, ["unit"])
    assert scene.call("POST", f"{base}/pin", {"version_id": version + 1}).status_code == 404
    assert scene.call("POST", f"{base}/versions/x/enable").status_code == 400


def test_a_webhook_checks_at_once_whatever_comes_with_it(scene: Scene) -> None:
    token = scene.call("GET", "resources/trigger.button").json["webhook_token"]
    answer = scene.anonymous("POST", f"/webhooks/{token}", body=b"\xff", headers={"Authorization": "Basic eDp5"})
    assert answer.status_code == 202
    assert answer.json == {"resource": "trigger.button", "checked": True, "reason": ""}
    new = scene.call("POST", "resources/trigger.button/webhook-token").json["webhook_token"]
    assert new != token
    assert scene.anonymous("POST", f"/webhooks/{token}").status_code == 404
    assert scene.anonymous("POST", f"/webhooks/{new}").status_code == 202


def test_a_graph_is_drawn_in_each_way(scene: Scene) -> None:
    graph = scene.call("GET", "graph").json
    assert {node["id"] for node in graph["nodes"]} >= {"job:unit", "job:ship", "resource:trigger.button"}
    drawn = scene.call("GET", "graph", query_string="format=dot")
    assert drawn.headers["content-type"].startswith("text/vnd.graphviz")
    assert '"job:unit" -> "job:ship"' in drawn.text
    assert scene.call("GET", "graph", query_string="format=mermaid").text.startswith("flowchart LR\n")
    picture = scene.call("GET", "graph", query_string="format=svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert len(ET.fromstring(picture.text).findall("{http://www.w3.org/2000/svg}g")) == len(graph["nodes"])


def test_a_badge_tells_how_the_pipeline_stands(scene: Scene) -> None:
    assert "no builds" in scene.call("GET", "badge.svg").text
    scene.finished()
    assert "passing" in scene.call("GET", "badge.svg").text
    assert scene.anonymous("GET", f"{PIPELINE}/badge.svg").status_code in {401, 404}


def test_status_never_hides_a_result(scene: Scene) -> None:
    nothing, failing = {"last": None, "now": None}, {"last": "failed", "now": "started"}
    build = scene.trigger()
    now = 1.0
    scene.report(build, scene.claim(build), 1, BuildFinished(status=BuildStatus.FAILED, at=now))
    scene.claim(scene.trigger())
    statuses = {job["name"]: job["status"] for job in scene.call("GET", "jobs").json["items"]}
    assert statuses == {"unit": nothing, "ship": nothing, "free": failing}
    assert scene.call("GET", "jobs/free").json["status"] == failing
    assert scene.call("GET", "").json["pipeline"]["status"] == failing
    assert scene.call("GET", "/api/v1/teams/main/pipelines").json["items"][0]["status"] == failing
    nodes = {node["id"]: node["status"] for node in scene.call("GET", "graph").json["nodes"]}
    assert (nodes["job:free"], nodes["job:unit"], nodes["resource:trigger.button"]) == (failing, nothing, None)
    picture = scene.call("GET", "graph", query_string="format=svg").text
    assert re.search(r'fill="#c62828" stroke="#1976d2" stroke-width="3"', picture)
    assert "peripheries=2" in scene.call("GET", "graph", query_string="format=dot").text
    assert "failing" in scene.call("GET", "badge.svg").text


ASKING = """
job "free" {
  input "place" {
    description = "where it goes"
    choices     = ["staging", "production"]
    required    = true
  }
  input "count" {
    type    = number
    default = 3
  }
  task "go" {
    run "exec" { path = "/bin/true" }
  }
}
"""


def test_a_job_shows_its_inputs_and_a_build_its_values(scene: Scene) -> None:
    assert scene.call("PUT", "", {"config": ASKING}).status_code == 200
    place, count = scene.call("GET", "jobs/free").json["inputs"]
    assert place == {
        "name": "place",
        "type": "string",
        "description": "where it goes",
        "default": None,
        "choices": ["staging", "production"],
        "required": True,
    }
    assert (count["type"], count["default"]) == ("number", 3)
    made = scene.call("POST", "jobs/free/builds", {"values": {"place": "staging", "count": "2.5"}})
    assert made.status_code == 201
    assert scene.call("GET", "jobs/free/builds/1").json["values"] == {"place": "staging", "count": 2.5}


@pytest.mark.parametrize(
    ("values", "slug", "said"),
    [
        ({}, "invalid-inputs", 'job free: input "place" must be given'),
        ({"place": "moon"}, "invalid-inputs", 'must be one of "staging", "production", and "moon" is not'),
        ({"place": "staging", "count": "x"}, "invalid-inputs", 'job free: input "count" must be a number'),
        ({"place": "staging", "other": 1}, "invalid-inputs", 'job free: input "other" does not exist'),
        ({"place": {"a": 1}}, "invalid", "`values"),
        ({"place": None}, "invalid", "`values"),
        ([], "invalid", "`values`"),
    ],
)
def test_values_that_cannot_be_start_nothing(scene: Scene, values: object, slug: str, said: str) -> None:
    scene.call("PUT", "", {"config": ASKING})
    answer = scene.call("POST", "jobs/free/builds", {"values": values})
    assert answer.status_code == (422 if slug == "invalid-inputs" else 400)
    assert answer.json["type"] == f"urn:pikoci:problem:{slug}"
    assert said in answer.json["detail"]
    assert scene.call("GET", "jobs/free/builds").json["items"] == []


def test_builds_that_warn_are_found_by_their_status_and_leave_the_badge_green(scene: Scene) -> None:
    config = CONFIG.replace('job "free" {', 'job "free" {\n  allow_failure = true')
    scene.call("PUT", "", {"config": config})
    build_id = scene.trigger()
    scene.report(build_id, scene.claim(build_id), 1, BuildFinished(status=BuildStatus.FAILED, at=1_002.0))
    (found,) = scene.call("GET", "jobs/free/builds", query_string="status=warning").json["items"]
    assert (found["status"], found["number"]) == ("warning", "1")
    assert scene.call("GET", "jobs/free").json["status"] == {"last": "warning", "now": None}
    assert "passing" in scene.call("GET", "badge.svg").text
