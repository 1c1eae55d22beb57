"""Whatever a client sends, the server never answers 500 to it."""

import json
from random import Random
from typing import Any

import pytest

from tests.unit.internal.api.scene import Scene

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**63,
    -(2**63),
    10**30,
    "",
    "\x00",
    "a\nb",
    "\u2028\U0001f600",
    "x" * 10_000,
    [],
    [[]],
    {},
    {"a": {"b": [1, None]}},
    "main",
    "admin",
]
NAMES = [
    "main",
    "demo",
    "free",
    "1",
    "1.1",
    "trigger.button",
    "%00",
    "%ff",
    "..",
    "a" * 300,
    "x%2Fy",
    "%",
    "💥",
    "0",
    "-",
]


def _operations(scene: Scene) -> list[tuple[str, str, dict[str, Any]]]:
    document = scene.anonymous("GET", "/api/v1/openapi.json").json
    return [
        (method.upper(), path, {**operation, "components": document["components"]})
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _fields(operation: dict[str, Any]) -> list[str]:
    body = operation.get("requestBody")
    if body is None:
        return []
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(operation["components"]["schemas"][name]["properties"])


@pytest.mark.parametrize("seed", range(8))
def test_no_request_makes_the_server_fail(scene: Scene, seed: int) -> None:
    random = Random(seed)
    scene.finished()
    operations = [one for one in _operations(scene) if "password" not in one[1] and "login" not in one[1]]
    for _ in range(250):
        method, template, operation = random.choice(operations)
        if method == "DELETE" and random.random() < 0.9:
            continue
        path = template
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + random.choice(NAMES) + rest.partition("}")[2]
        query = "&".join(
            f"{random.choice([found['name'] for found in operation['parameters']] or ['x'])}={random.choice(NAMES)}"
            for _ in range(random.choice([0, 0, 1, 2]))
        )
        fields = _fields(operation)
        body = {field: random.choice(VALUES) for field in fields if random.random() < 0.8}
        headers = {"Content-Type": "application/json"}
        if random.random() < 0.3:
            headers["Range"] = random.choice(["bytes=5-1", "bytes=-", "bytes=1-2,3-4", "x", "bytes=99-", "bytes=-1"])
        if random.random() < 0.3:
            headers["Idempotency-Key"] = random.choice(["a", "b b", "x" * 300])
        if random.random() < 0.2:
            headers["Last-Event-ID"] = random.choice(["1", "-1", "x", "9" * 50])
        data = json.dumps(body).encode() if fields else b""
        if random.random() < 0.2:
            data = bytes(random.randrange(256) for _ in range(20))
        try:
            answer = scene.call(method, path, headers=headers, query_string=query, data=data)
        except ValueError:
            continue  # the test client itself refuses some addresses
        assert answer.status_code < 500, (method, path, query, body, answer.text)
