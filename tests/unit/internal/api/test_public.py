"""What a published pipeline tells strangers: its state, and nothing about people, machines and addresses."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.events import BuildFinished, StepFinished, StepStarted
from pikoci.internal.domain.gateway import CheckResult
from tests.unit.internal.api.scene import PIPELINE, Scene

#: The user, the worker, and what reasons hold.
PRIVATE = ("admin", "worker-1", "secret-host", "token=1234")

PUBLIC = [
    "", "/jobs", "/jobs/free", "/jobs/free/builds", "/jobs/free/builds/1", "/jobs/free/builds/1/events",
    "/graph", "/graph?format=dot", "/graph?format=svg", "/badge.svg", "/resources", "/resources/trigger.button",
]  # fmt: skip


@pytest.fixture
def failed(scene: Scene) -> Scene:
    """A build and a check that failed, in a published pipeline."""
    assert scene.call("POST", "publish").status_code == 204
    assert scene.call("POST", "resources/trigger.button/check").status_code == 204
    scene.services.scheduling.dispatch_checks()
    build_id = scene.trigger()
    claim = scene.claim(build_id)
    reason = "cannot reach https://secret-host/?token=1234"
    scene.report(
        build_id,
        claim,
        1,
        StepStarted(step="1", name="t", kind="task", at=1.0),
        StepFinished(step="1", status=StepStatus.ERRORED, at=2.0, reason=reason),
        BuildFinished(status=BuildStatus.ERRORED, at=2.0, reason=reason),
    )
    resource = scene.services.context.store.resources.find(1, "trigger.button")
    assert resource is not None
    check = scene.services.gateway.claim_check(resource.id, "worker-1", "i").claim
    scene.services.gateway.finish_check(resource.id, check, CheckResult(error=reason))
    return scene


@pytest.mark.parametrize("address", PUBLIC)
def test_names_and_reasons_are_the_members_business(failed: Scene, address: str) -> None:
    path, _, query = address.partition("?")
    answer = failed.anonymous("GET", f"{PIPELINE}{path}", query_string=query)
    assert answer.status_code == 200
    assert [word for word in PRIVATE if word in answer.text] == []


def test_the_list_of_pipelines_tells_strangers_no_more(failed: Scene) -> None:
    for path in ("/api/v1/teams/main/pipelines",):
        answer = failed.anonymous("GET", path)
        assert answer.json["items"][0]["jobs"]
        assert [word for word in PRIVATE if word in answer.text] == []


def test_strangers_hear_that_a_check_fails_and_members_why(failed: Scene) -> None:
    address = f"{PIPELINE}/resources/trigger.button"
    assert failed.anonymous("GET", address).json["check_error"] == "the check fails"
    assert "token=1234" in failed.call("GET", "resources/trigger.button").json["check_error"]


def test_members_see_all_of_it(failed: Scene) -> None:
    build = failed.call("GET", "jobs/free/builds/1").json
    assert (build["worker"], build["created_by"]) == ("worker-1", "admin")
    assert "secret-host" in build["reason"]
    assert "secret-host" in build["steps"][0]["reason"]
    stranger = failed.anonymous("GET", f"{PIPELINE}/jobs/free/builds/1").json
    assert (stranger["worker"], stranger["created_by"], stranger["status"]) == (None, "a member", "errored")
