"""What editors are told is what the language takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BUILTIN_RUNNERS
from pikoci.internal.pipeline import description
from pikoci.internal.pipeline.language import LANGUAGE

TYPE = {
    "oneOf": [
        {"enum": ["string", "number", "bool", "dynamic"]},
        {"type": "array", "prefixItems": [{"enum": ["list", "map"]}, {"const": "string"}], "minItems": 2},
    ]
}
ATTRIBUTES = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["type", "description"],
        "properties": {"type": TYPE, "description": {"type": "string"}, "default": {"not": {"type": "null"}}},
        "oneOf": [{"required": ["required"]}, {"required": ["optional"]}],
    },
}
BLOCK = {
    "type": "object",
    "required": ["type", "description", "labels", "attributes", "block_types"],
    "properties": {
        "attributes": ATTRIBUTES,
        "block_types": {
            "additionalProperties": {
                "required": ["block", "nesting_mode"],
                "properties": {"nesting_mode": {"enum": ["single", "list"]}},
            }
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["format_version", "root", "blocks", "resource_types", "runners", "functions"],
    "properties": {
        "blocks": {"additionalProperties": BLOCK},
        "resource_types": {"additionalProperties": {"properties": {"params": ATTRIBUTES}}},
        "runners": {"additionalProperties": {"properties": {"params": ATTRIBUTES}}},
    },
}


@pytest.fixture(scope="module")
def found() -> Any:
    return json.loads(json.dumps(description()))


def test_it_has_the_shape_that_is_promised(found: Any) -> None:
    Draft202012Validator(SCHEMA).validate(found)


def test_every_block_is_described_with_what_stands_in_it(found: Any) -> None:
    assert found["blocks"].keys() == LANGUAGE.keys()
    assert found["root"] in found["blocks"]
    for key, block in LANGUAGE.items():
        told = found["blocks"][key]
        assert told["attributes"].keys() == block.by_name.keys()
        assert {name: inner["block"] for name, inner in told["block_types"].items()} == dict(block.children)


def test_built_in_types_runners_and_functions_are_there(found: Any) -> None:
    assert found["resource_types"].keys() == BUILTIN_RESOURCE_TYPES.keys()
    assert found["runners"].keys() == BUILTIN_RUNNERS.keys()
    assert found["functions"]["upper"]["signature"].startswith("upper(")
    assert found["resource_types"]["git"]["params"]["token"]["sensitive"] is True


@pytest.mark.parametrize(
    ("block", "attribute", "told"),
    [
        ("job", "tags", {"type": ["list", "string"], "default": []}),
        ("job", "timeout", {"type": "string", "takes": "duration"}),
        ("job", "concurrency", {"type": "number", "default": 0}),
        ("job", "env", {"type": ["map", "string"]}),
        ("job", "for_each", {"type": "dynamic"}),
        ("step.get", "version", {"type": "string", "values": ["latest", "every"], "optional": True}),
        ("runner_type.run", "path", {"type": "string", "required": True}),
        ("variable", "default", {"type": "dynamic"}),
    ],
)
def test_attributes(found: Any, block: str, attribute: str, told: dict[str, Any]) -> None:
    assert told.items() <= found["blocks"][block]["attributes"][attribute].items()


def test_a_block_that_may_stand_once_says_so(found: Any) -> None:
    assert found["blocks"]["step.task"]["block_types"]["run"] == {
        "block": "step.run",
        "nesting_mode": "single",
        "min_items": 1,
        "max_items": 1,
    }
