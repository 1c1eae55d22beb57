"""Health, metrics, people and the fleet."""

import pytest

from pikoci.internal.api.metrics import Metrics
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.service.plumbing.measures import Measures
from pikoci.internal.service.plumbing.ports import QueueState
from tests.unit.internal.api.scene import Scene


def test_health_and_version_need_no_login(scene: Scene) -> None:
    assert scene.anonymous("GET", "/healthz").json == {"status": "ok"}
    assert scene.anonymous("GET", "/readyz").json == {"status": "ok"}
    assert scene.anonymous("GET", "/version").json == {"version": "1.2.3"}


def test_credentials_do_not_matter_where_none_are_needed(scene: Scene) -> None:
    assert scene.anonymous("GET", "/healthz", headers={"Authorization": "nonsense"}).status_code == 200


def test_a_server_that_ends_is_not_ready(scene: Scene) -> None:
    scene.services.context.bus.close()
    assert scene.anonymous("GET", "/readyz").status_code == 503
    assert scene.anonymous("GET", "/healthz").status_code == 200


def test_a_server_whose_database_takes_no_changes_is_not_ready_and_says_why(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise UnavailableError("the database takes no changes: it is a standby", hint="set --db-host to the primary")

    monkeypatch.setattr(scene.services.context.store, "check_health", refuse)
    answer = scene.anonymous("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json["detail"] == "the database takes no changes: it is a standby"
    assert answer.json["hint"] == "set --db-host to the primary"
    assert scene.anonymous("GET", "/healthz").status_code == 200


def test_metrics_count_requests_by_route_and_never_by_name(scene: Scene) -> None:
    scene.trigger()
    scene.call("GET", "jobs/no-such-job")
    scene.anonymous("GET", "/some/secret/place")
    text = scene.anonymous("GET", "/metrics").text
    route = "/api/v1/teams/{team}/pipelines/{pipeline}/jobs/{job}"
    assert f'pikoci_http_requests_total{{method="GET",route="{route}",status="404"}} 1.0' in text
    assert 'pikoci_builds{status="pending"} 1.0' in text
    assert 'pikoci_builds{status="started"} 0.0' in text
    assert 'pikoci_queue_depth{queue="jobs"} 1.0' in text
    assert "pikoci_check_lag_seconds" in text
    for name in ("secret", "no-such-job", "demo"):
        assert name not in text


def test_metrics_survive_a_database_that_is_away(scene: Scene) -> None:
    class Away:
        def counts(self) -> dict[str, int]:
            raise UnavailableError("away")

        def common_queues(self) -> dict[str, QueueState | None]:
            return {"jobs": None}

        def measures(self) -> Measures:
            return Measures()

    metrics = Metrics(Away(), scene.services.context.clock)  # type: ignore[arg-type] # what it uses of it
    text = metrics.exposition()[0].decode()
    assert "pikoci_database_up 0.0" in text
    assert "pikoci_builds" not in text


def test_two_applications_count_for_themselves(scene: Scene) -> None:
    one = Metrics(scene.services.monitoring, scene.services.context.clock)
    two = Metrics(scene.services.monitoring, scene.services.context.clock)
    assert one.exposition()[0].count(b"pikoci_database_up 1.0") == two.exposition()[0].count(b"pikoci_database_up 1.0")


def test_teams_and_members(scene: Scene) -> None:
    assert scene.call("POST", "/api/v1/teams", {"name": "tools"}).status_code == 201
    assert scene.call("POST", "/api/v1/teams", {"name": "tools"}).status_code == 409
    assert scene.call("POST", "/api/v1/teams", {"name": "to ols\n"}).status_code == 400
    assert [team["name"] for team in scene.call("GET", "/api/v1/teams").json["items"]] == ["main", "tools"]
    made = scene.call("POST", "/api/v1/users", {"name": "eve", "password": "a first password"})
    assert made.json == {"name": "eve", "is_admin": False, "must_change_password": True}
    assert scene.call("PUT", "/api/v1/teams/tools/members/eve", {"role": "write"}).status_code == 204
    members = scene.call("GET", "/api/v1/teams/tools/members").json["items"]
    assert {"name": "eve", "role": "write"} in members
    assert scene.call("PUT", "/api/v1/teams/tools/members/eve", {"role": "boss"}).status_code == 400
    assert scene.call("DELETE", "/api/v1/teams/tools/members/eve").status_code == 204
    assert scene.call("PUT", "/api/v1/teams/tools/members/nobody", {"role": "read"}).status_code == 404
    names = [user["name"] for user in scene.call("GET", "/api/v1/users").json["items"]]
    assert names == ["admin", "eve"]
    assert "hash" not in scene.call("GET", "/api/v1/users").text


def test_workers_and_queues(scene: Scene) -> None:
    build = scene.trigger()
    scene.claim(build)
    [worker] = scene.call("GET", "/api/v1/workers").json["items"]
    assert (worker["name"], worker["state"], worker["builds"][0]["id"]) == ("worker-1", "running", build)
    assert scene.call("POST", "/api/v1/workers/worker-1/cordon").status_code == 204
    assert scene.call("GET", "/api/v1/workers").json["items"][0]["wanted"] == "cordoned"
    assert scene.call("POST", "/api/v1/workers/worker-1/uncordon").status_code == 204
    assert scene.call("POST", "/api/v1/workers/worker-1/drain").status_code == 204
    assert scene.call("DELETE", "/api/v1/workers/worker-1").status_code == 409
    assert scene.call("POST", "/api/v1/workers/worker-2/drain").status_code == 404
    queues = scene.call("GET", "/api/v1/queues").json["items"]
    assert queues[-1] == {"name": "jobs", "depth": 1, "in_flight": 2, "oldest_seconds": 7.5}
    one = scene.call("GET", "/api/v1/workers/worker-1").json
    assert (one["name"], one["wanted"], one["checks"], one["team"]) == ("worker-1", "draining", 0, "")
    assert scene.call("GET", "/api/v1/workers/worker-2").status_code == 404
    assert scene.anonymous("GET", "/api/v1/workers/worker-1").status_code == 401


def test_worker_tokens_are_made_listed_and_revoked(scene: Scene) -> None:
    address = "/api/v1/worker-tokens"
    made = scene.call("POST", address, {"team": "main"})
    assert (made.status_code, made.json["team"]) == (201, "main")
    claims = scene.services.tokens.read_worker(made.json["token"])
    assert (claims.id, claims.team) == (made.json["id"], "main")
    [listed] = scene.call("GET", address).json["items"]
    assert (listed["id"], listed["created_by"], listed["revoked_at"]) == (claims.id, "admin", None)
    assert made.json["token"] not in scene.call("GET", address).text
    for _ in range(2):
        assert scene.call("DELETE", f"{address}/{claims.id}").status_code == 204
    assert scene.call("GET", address).json["items"][0]["revoked_by"] == "admin"
    assert scene.call("DELETE", f"{address}/no.id").status_code == 400
    assert scene.call("POST", address, {"team": "nobodys"}).status_code == 404
    assert scene.anonymous("GET", address).status_code == 401
    headers = {"Authorization": f"Bearer {made.json['token']}", "Pikoci-Worker": "w", "Pikoci-Instance": "i" * 16}
    refused = scene.anonymous("POST", "/api/v1/worker/heartbeat", headers=headers)
    assert refused.status_code == 401
    assert "revoked" in refused.json["detail"]


def test_metrics_tell_of_the_fleet(scene: Scene) -> None:
    scene.claim(scene.trigger())
    text = scene.anonymous("GET", "/metrics").text
    for line in (
        'pikoci_workers{state="running"} 1.0',
        'pikoci_workers{state="stalled"} 0.0',
        'pikoci_queue_oldest_seconds{queue="jobs"} 7.5',
        'pikoci_queue_in_flight{queue="checks"} 2.0',
        'pikoci_dispatch_seconds_bucket{le="+Inf"} 1.0',
        "pikoci_dispatch_seconds_count 1.0",
        'pikoci_hub_gap_seconds_bucket{le="+Inf"} 0.0',
        'pikoci_leases_taken_back_total{kind="build"} 0.0',
        'pikoci_webhooks_total{outcome="checked"} 0.0',
    ):
        assert line in text
