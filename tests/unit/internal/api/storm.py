"""A storm of nonsense: requests that no sane client sends, the same ones for the same seed."""

import json
from collections import Counter
from random import Random
from typing import Any

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

#: Names that exist, so that requests also get past the first door.
KNOWN = {"team": "main", "pipeline": "demo", "job": "free", "number": "1", "resource": "trigger.button", "version": "1"}
HEADERS = {
    "Range": ["bytes=5-1", "bytes=-", "bytes=1-2,3-4", "x", "bytes=99-", "bytes=-1"],
    "Idempotency-Key": ["a", "b b", "x" * 300],
    "Last-Event-ID": ["1", "-1", "x", "9" * 50],
}


def _operations(scene: Scene) -> list[tuple[str, str, dict[str, Any]]]:
    document = scene.anonymous("GET", "/api/v1/openapi.json").json
    return [
        (method.upper(), path, {**operation, "components": document["components"]})
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _fields(operation: dict[str, Any]) -> list[str]:
    body = operation.get("requestBody")
    if body is None or "application/json" not in body["content"]:
        return []
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(operation["components"]["schemas"][name]["properties"])


def storm(scene: Scene, seed: int, count: int) -> Counter[int]:
    """Send so many requests; returns how often each status came. Fails on the first that is 500 or above."""
    random, statuses = Random(seed), Counter[int]()
    operations = [one for one in _operations(scene) if "password" not in one[1] and "login" not in one[1]]
    while statuses.total() < count:
        method, template, operation = random.choice(operations)
        if method == "DELETE" and random.random() < 0.9:
            continue
        path, query = _address(random, template), _query(random, operation)
        fields = _fields(operation)
        body = {field: random.choice(VALUES) for field in fields if random.random() < 0.8}
        data = json.dumps(body).encode() if fields else b""
        if random.random() < 0.2:
            data = random.randbytes(20)
        try:
            answer = scene.call(method, path, headers=_headers(random), query_string=query, data=data)
        except ValueError:
            continue  # the test client itself refuses some addresses
        assert answer.status_code < 500, (method, path, query, body, answer.text)
        statuses[answer.status_code] += 1
    return statuses


def _address(random: Random, template: str) -> str:
    path = template
    while "{" in path:
        before, _, rest = path.partition("{")
        field, _, after = rest.partition("}")
        known = KNOWN.get(field)
        path = before + (known if known and random.random() < 0.6 else random.choice(NAMES)) + after
    return path


def _query(random: Random, operation: dict[str, Any]) -> str:
    names = [found["name"] for found in operation["parameters"]] or ["x"]
    return "&".join(f"{random.choice(names)}={random.choice(NAMES)}" for _ in range(random.choice([0, 0, 1, 2])))


def _headers(random: Random) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    for name, values in HEADERS.items():
        if random.random() < 0.25:
            headers[name] = random.choice(values)
    return headers
