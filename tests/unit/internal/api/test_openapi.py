"""The OpenAPI document describes what the code does."""

from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from pikoci.internal.api.route import Endpoint
from tests.unit.internal.api.scene import Scene


@pytest.fixture
def document(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = scene.anonymous("GET", "/api/v1/openapi.json").json
    return found


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_is_in_the_document_and_no_other(scene: Scene, document: dict[str, Any]) -> None:
    routed: set[tuple[str, str]] = set()
    nodes = list(scene.client.app._router._roots)
    while nodes:
        node = nodes.pop()
        nodes += node.children
        if isinstance(node.resource, Endpoint):
            methods = {name[3:] for name in vars(node.resource) if name.startswith("on_")} - {"head"}
            routed |= {(node.uri_template or "", method) for method in methods}
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert routed == described


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def _check(document: dict[str, Any], scene: Scene, template: str, path: str) -> None:
    answer = scene.call("GET", path)
    assert answer.status_code == 200, (path, answer.text)
    schema = document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    # JSON pointers of the document hold for its parts too.
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(answer.json)


def test_answers_are_as_the_document_says(scene: Scene, document: dict[str, Any]) -> None:
    scene.finished()
    values = {"team": "main", "pipeline": "demo", "job": "free", "number": "1", "resource": "trigger.button"}
    values["worker"] = "worker-1"
    checked = 0
    for template, operations in document["paths"].items():
        if template.startswith("/api/v1/worker/"):
            continue  # opened by worker tokens: the gateway's contract suite reads those answers
        if "get" not in operations or template.endswith(("/openapi.json", "/log", "/events", "/badge.svg", "/metrics")):
            continue
        _check(document, scene, template, template.format(**values))
        checked += 1
    assert checked > 15


def test_problems_are_as_the_document_says(scene: Scene, document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    for answer in (
        scene.call("PUT", "", {"config": "job {"}),
        scene.call("GET", "/nowhere"),
        scene.call("GET", "jobs/x"),
    ):
        jsonschema.Draft202012Validator(schema).validate(answer.json)
