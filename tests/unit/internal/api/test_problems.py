"""Errors of every kind are problem documents that say what to do next."""

import logging
from typing import Any

import falcon
import pytest
from falcon import testing

from pikoci.internal.api.problems import PROBLEMS, ErrorHandler
from pikoci.internal.domain import errors
from pikoci.internal.domain.errors import PikociError
from tests.unit.internal.api.scene import PIPELINE, Scene


def test_an_unknown_address_names_near_ones(scene: Scene) -> None:
    answer = scene.call("GET", "/api/v1/teams/main/pipeline")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == "urn:pikoci:problem:route-not-found"
    assert "/api/v1/teams/{team}/pipelines" in answer.json["hint"]


def test_a_wrong_method_names_the_right_ones(scene: Scene) -> None:
    answer = scene.call("PATCH", "jobs")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert "GET" in answer.json["hint"]


def test_an_unknown_field_is_named_with_the_nearest_known(scene: Scene) -> None:
    answer = scene.call("PUT", "", {"config": "", "varz": {}})
    assert answer.status_code == 400
    assert answer.json["detail"] == "unknown field `varz`"
    assert answer.json["hint"] == "did you mean `vars`?"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "`limit` must be 1 or more"),
        ("limit=-1", "`limit` must be 1 or more"),
        ("limit=201", "`limit` must be 200 or less"),
        ("limit=many", "`limit` must be a whole number, and not text"),
        ("limit=99999999999999999999999", "`limit` must be 200 or less"),
        ("limit=1&limit=2", "the parameter `limit` is given twice in the address"),
        ("limt=3", "unknown parameter `limt`"),
    ],
)
def test_a_wrong_parameter_is_named(scene: Scene, query: str, detail: str) -> None:
    answer = scene.call("GET", "jobs", query_string=query)
    assert (answer.status_code, answer.json["detail"]) == (400, detail)


def test_a_wrong_choice_lists_the_choices(scene: Scene) -> None:
    answer = scene.call("GET", "graph", query_string="format=png")
    assert answer.json["detail"] == "`format` cannot be `png`"
    assert answer.json["hint"] == "choose one of json, dot, mermaid, svg"
    answer = scene.call("GET", "jobs/free/builds", query_string="status=started,sucedeed")
    assert answer.json["detail"] == "there is no build status `sucedeed`"
    assert answer.json["hint"] == "did you mean `succeeded`?"


@pytest.mark.parametrize("name", ["a%00b", "%FF", "a%20b", "-a", "a%0A", "x" * 201, "a%2Fb", "é"])
def test_a_name_that_cannot_be_gets_one_message(scene: Scene, name: str) -> None:
    answer = scene.call("GET", f"/api/v1/teams/main/pipelines/{name}")
    assert answer.status_code in {400, 404}, answer.text
    assert answer.json["hint"]


def test_an_invalid_pipeline_answers_with_every_diagnostic(scene: Scene) -> None:
    answer = scene.call("PUT", "", {"config": 'job "a" {\n  timeout = "soon"\n  conc = 1\n}\n'})
    assert answer.status_code == 422
    assert answer.json["type"] == "urn:pikoci:problem:invalid-pipeline"
    places = [(found["line"], found["column"]) for found in answer.json["diagnostics"]]
    assert len(places) >= 2
    assert all(line > 0 and column > 0 for line, column in places)


def test_a_body_that_is_not_json_is_refused(scene: Scene) -> None:
    for body in (b"{", b"\xff", b"[]", b"null", b'"x"', b'{"config": "\\ud800"}', b"[" * 100_000, b'{"config": NaN}'):
        answer = scene.call("PUT", "", headers={"Content-Type": "application/json"}, data=body)
        assert answer.status_code == 400, body[:20]
        assert answer.json["hint"]


def test_a_field_that_stands_twice_is_named(scene: Scene) -> None:
    """Which of the two was meant, nobody knows; also deep inside, and where the name is written in another way."""
    for name, body in {
        "config": b'{"config": "a", "config": "b"}',
        "x": b'{"config": "", "vars": {"x": 1, "y": 2.5, "x": 1}}',
        "inner": b'{"config": "", "vars": {"x": [{"inner": 1, "\\u0069nner": 2}]}}',
    }.items():
        answer = scene.call("PUT", "", headers={"Content-Type": "application/json"}, data=body)
        assert answer.status_code == 400, body
        assert answer.json["detail"] == f"the field `{name}` is given twice in the body"
    body = b'{"config": "", "vars": {"x": {"same": 1}, "y": {"same": 1}}}'
    assert scene.call("PUT", "", headers={"Content-Type": "application/json"}, data=body).status_code == 200


def test_deep_values_are_refused(scene: Scene) -> None:
    deep = b'{"config": "", "vars": {"x": ' + b"[" * 500 + b"]" * 500 + b"}}"
    answer = scene.call("PUT", "", headers={"Content-Type": "application/json"}, data=deep)
    assert (answer.status_code, "nested" in answer.json["detail"]) == (400, True)
    brackets = b'{"config": "' + b"# [[[[{{{{ \\n" * 100 + b'"}'
    answer = scene.call("PUT", "", headers={"Content-Type": "application/json"}, data=brackets)
    assert answer.status_code == 200, "brackets inside text are no nesting"


def test_another_content_type_is_refused(scene: Scene) -> None:
    answer = scene.call("PUT", "", headers={"Content-Type": "application/x-www-form-urlencoded"}, data=b"a=b")
    assert answer.status_code == 415
    assert "application/json" in answer.json["detail"]


def test_an_oversized_body_is_refused_unread(scene: Scene) -> None:
    answer = scene.call(
        "PUT", "", headers={"Content-Type": "application/json", "Content-Length": str(9 * 1024 * 1024)}, data=b"{}"
    )
    assert (answer.status_code, answer.json["type"]) == (413, "urn:pikoci:problem:too-large")


def test_every_error_of_the_domain_has_a_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PikociError)]
    assert {kind for kind in kinds if kind is not PikociError} <= set(PROBLEMS)


class Broken:
    """A resource that fails as it is told."""

    authenticates = False

    def __init__(self, error: Exception) -> None:
        self.error = error

    def on_get(self, _: falcon.Request, __: falcon.Response) -> None:
        raise self.error


def _answer(scene: Scene, error: Exception) -> Any:
    scene.client.app.add_route("/broken", Broken(error))
    return scene.anonymous("GET", "/broken")


def test_an_unexpected_error_is_logged_under_the_id_that_the_client_sees(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = _answer(scene, ZeroDivisionError("a secret"))
    assert answer.status_code == 500
    assert "a secret" not in answer.text
    [record] = [record for record in caplog.records if record.name == "pikoci.internal.api.problems"]
    assert vars(record)["error_id"] == answer.json["error_id"]
    assert vars(record)["route"] == "/broken"


def test_a_database_that_is_away_says_when_to_come_back(scene: Scene) -> None:
    answer = _answer(scene, errors.UnavailableError("the database does not answer", hint="try again"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json == {
        "type": "urn:pikoci:problem:unavailable",
        "title": "Not available now",
        "status": 503,
        "detail": "the database does not answer",
        "hint": "try again",
    }


@pytest.mark.parametrize("kind", errors.ERRORS.values(), ids=lambda kind: kind.slug)
def test_a_time_to_come_back_is_named_where_waiting_helps(scene: Scene, kind: type[PikociError]) -> None:
    answer = _answer(scene, kind("no", retry_after=3.0))
    assert answer.json["type"] == f"urn:pikoci:problem:{kind.slug}"
    assert answer.headers.get("retry-after") == ("3" if kind.reaction is errors.Reaction.RETRY else None)


def test_a_limit_says_when_to_come_back(scene: Scene) -> None:
    answer = _answer(scene, errors.RateLimitedError("too many", retry_after=12.3))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "13")


def test_an_answer_that_was_begun_is_replaced_by_the_problem(scene: Scene) -> None:
    class HalfDone:
        authenticates = False

        def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
            response.stream = iter([b"half"])
            response.content_length = 4
            raise errors.NotFoundError("gone")

    scene.client.app.add_route("/half", HalfDone())
    answer = scene.anonymous("GET", "/half")
    assert (answer.status_code, answer.json["detail"]) == (404, "gone")


def test_the_handler_describes_errors_for_pages(scene: Scene) -> None:
    request = falcon.Request(testing.create_environ("/x"))
    problem = ErrorHandler().describe(request, errors.ConflictError("no", hint="wait"))
    assert (problem.status, problem.detail, problem.hint) == (409, "no", "wait")


def test_what_takes_no_body_refuses_fields_by_name(scene: Scene) -> None:
    answer = scene.call("POST", "pause", {"until": "tomorrow"})
    assert (answer.status_code, answer.json["detail"]) == (400, "unknown field `until`")
    assert answer.json["hint"] == "this takes no fields"
    answer = scene.call("GET", "jobs/free", query_string="x=1")
    assert (answer.status_code, answer.json["hint"]) == (400, "this takes no parameters")


def test_a_strangers_body_is_not_read(scene: Scene) -> None:
    large = {"Content-Type": "application/json", "Content-Length": str(9 * 1024 * 1024)}
    assert scene.client.simulate_put(PIPELINE, headers=large, body=b"{}").status_code == 401


def test_only_pipelines_may_be_large(scene: Scene) -> None:
    assert scene.call("PUT", "", {"config": "# long\n" * 100_000}).status_code == 200
    answer = scene.call("POST", "jobs/free/builds", {"inputs": {str(number): 1 for number in range(10_000)}})
    assert answer.status_code == 413
