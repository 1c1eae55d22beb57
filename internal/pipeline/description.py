"""The language as data, for editors and other programs, from the tables that check files.

Blocks and attributes have the shape in which `terraform providers schema -json` gives them: `attributes` with `type`,
`required` or `optional`, and `block_types` with `nesting_mode` and the least and most number of items. Editors know how
to complete and check HCL from that, which JSON Schema can't describe: it knows no labels and no order. Two things are
added: the `labels` of a block, and, since blocks stand inside one another without end, each block is described once,
in `blocks`, and named by its key elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BUILTIN_RUNNERS, Param
from pikoci.internal.pipeline.kinds import to_json
from pikoci.internal.pipeline.language import LANGUAGE, PIPELINE
from pikoci.internal.pipeline.schema import AttributeSchema, BlockSchema, Kind
from pikoci.pkg.hcl import LazyFunction, standard_functions

FORMAT_VERSION = "1.0"
"""The first number grows when programs that read the document must change, the second when something is added."""

_TYPES: dict[type, Any] = {
    bool: "bool",
    int: "number",
    float: "string",  # a duration
    str: "string",
    list: ["list", "string"],
    dict: ["map", "string"],
}
_CHOICE = re.compile(r'`"(.*?)"`')
_PARAM_TYPES = {"list": ["list", "string"], "any": "dynamic"}


def description() -> dict[str, Any]:
    """The whole language as JSON data: blocks, built-in resource types and runners, functions."""
    return {
        "format_version": FORMAT_VERSION,
        "root": PIPELINE.key,
        "blocks": {key: _block(block) for key, block in LANGUAGE.items()},
        "resource_types": {
            kind.name: {
                "description": kind.description,
                "params": _params(kind.params),
                "get_params": _params(kind.get_params),
                "put_params": _params(kind.put_params),
                "any_put_params": kind.any_put_params,
                "version_keys": list(kind.version_keys),
            }
            for kind in BUILTIN_RESOURCE_TYPES.values()
        },
        "runners": {
            runner.name: {
                "description": runner.description,
                "params": _params(runner.params),
                "one_of": [list(group) for group in runner.one_of],
            }
            for runner in BUILTIN_RUNNERS.values()
        },
        "functions": functions(),
    }


def _block(block: BlockSchema) -> dict[str, Any]:
    labels = [{"name": label, "optional": block.label_optional} for label in block.labels]
    return {
        "type": block.type,
        "description": block.description,
        "description_kind": "markdown",
        "labels": labels,
        "refers_to": block.refers,
        "attributes": {attribute.name: _attribute(attribute) for attribute in block.attributes},
        "other_attributes": block.free,
        "block_types": {LANGUAGE[key].type: _nested(LANGUAGE[key]) for key in block.blocks},
        **_support(supported=block.supported),
    }


def _nested(block: BlockSchema) -> dict[str, Any]:
    found: dict[str, Any] = {"block": block.key, "nesting_mode": "single" if block.single else "list"}
    if block.required:
        found["min_items"] = 1
    if block.single:
        found["max_items"] = 1
    return found


def _attribute(attribute: AttributeSchema) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _type(attribute.kind),
        "takes": attribute.kind.name,
        "description": attribute.description,
        "description_kind": "markdown",
        "required" if attribute.required else "optional": True,
    }
    if attribute.default is not None:
        default = attribute.default
        found["default"] = f"{default:g}s" if isinstance(default, float) else to_json(default)
    if words := _CHOICE.findall(attribute.kind.name):
        found["values"] = words
    return found


def _type(kind: Kind) -> Any:
    """The type in Terraform's notation, by what stands in for a value of the kind."""
    if kind.placeholder is None or kind.name == "any value":
        return "dynamic"
    return _TYPES[type(kind.placeholder)]


def _params(params: Iterable[Param]) -> dict[str, Any]:
    return {
        param.name: {
            "type": _PARAM_TYPES.get(param.kind, param.kind),
            "description": param.description,
            "description_kind": "markdown",
            "required" if param.required else "optional": True,
            "sensitive": param.sensitive,
            **_support(supported=param.supported),
        }
        for param in params
    }


def functions() -> dict[str, dict[str, str]]:
    """The signature and the meaning of every function, by name, from their docstrings."""
    found = {}
    for name, function in sorted(standard_functions(lambda: datetime(2000, 1, 1, tzinfo=UTC)).items()):
        doc = function.doc if isinstance(function, LazyFunction) else function.__doc__
        signature, _, meaning = " ".join((doc or "").split()).partition(": ")
        found[name] = {"signature": signature, "description": meaning}
    return found


def _support(*, supported: bool) -> dict[str, Any]:
    return {} if supported else {"supported": False}
