"""Every built-in type has an example, and every param of it is used in one that a test plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from pikoci.internal.domain.builtin import (
    BUILTIN_RESOURCE_TYPES,
    BUILTIN_RUNNERS,
    BUILTIN_SECRET_TYPES,
    OWN_STORE,
    Param,
)
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES
from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES
from pikoci.pkg import hcl
from pikoci.pkg.hcl.syntax import Attribute, Block, Body
from tests.acceptance.examples import FILES
from tests.acceptance.examples_of_types import ELSEWHERE
from tests.unit.docs.markdown import ROOT

#: What no example has, and why.
WITHOUT = {
    "resource artifact: base_dir": "it has no effect, and whoever gives it is warned",
}

_SOURCE = re.compile(r'^(\w+)_type "([\w-]+)" {\n +source += "pikoci://([\w-]+)"', re.MULTILINE)


def _known() -> Iterator[tuple[str, tuple[Param, ...]]]:
    """Where params stand, by the kind and the name of their type."""
    for resource in BUILTIN_RESOURCE_TYPES.values():
        yield f"resource {resource.name}", resource.params
        yield f"get {resource.name}", resource.get_params
        if resource.can_put:
            yield f"put {resource.name}", resource.put_params
    for runner in BUILTIN_RUNNERS.values():
        yield f"runner {runner.name}", runner.params
    for service in BUILTIN_SERVICES.values():
        yield f"service {service.name}", service.params
    for store in BUILTIN_SECRET_TYPES.values():
        yield f"secret {store.name}", store.params
    yield f"secret {OWN_STORE}", ()
    for notification in BUILTIN_NOTIFICATION_TYPES.values():
        yield f"notification {notification.name}", notification.params
        yield f"notify {notification.name}", notification.values


@cache
def used() -> dict[str, set[str]]:
    """The params that examples give, by where they stand."""
    found: dict[str, set[str]] = {}
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        sources = {(kind, name): builtin for kind, name, builtin in _SOURCE.findall(text)}
        for place, names in _uses(hcl.parse(text, file.name)[0], sources):
            found.setdefault(place, set()).update(names)
    return found


def _uses(body: Body, sources: dict[tuple[str, str], str]) -> Iterator[tuple[str, set[str]]]:
    for block in body.blocks:
        kind = "runner" if block.type == "run" else block.type.removesuffix("_type")
        if block.labels:
            yield f"{kind} {sources.get((kind, block.labels[0]), block.labels[0])}", set(_names(block))
        yield from _uses(block.body, sources)


def _names(block: Block) -> Iterator[str]:
    """The params among the attributes; those of a resource and of a notification stand in a block of their own."""
    for item in block.body.items:
        if isinstance(item, Attribute):
            if block.type not in {"resource", "notification"}:
                yield item.name
        elif item.type == "params":
            yield from (one.name for one in item.body.items if isinstance(one, Attribute))


def test_every_type_has_an_example() -> None:
    missing = [place for place, _ in _known() if place not in used()]
    assert not missing, f"without an example: {', '.join(missing)}"


def test_every_param_of_a_type_has_an_example() -> None:
    wanted = [f"{place}: {param.name}" for place, params in _known() for param in params]
    missing = [one for one in wanted if one.split(": ")[1] not in used().get(one.split(": ")[0], set())]
    assert set(missing) <= WITHOUT.keys(), f"without an example: {', '.join(missing)}"
    assert WITHOUT.keys() <= set(missing), "WITHOUT names what has one"


def test_the_reference_leads_from_each_type_to_its_examples() -> None:
    text = (ROOT / "docs" / "pipeline-reference.md").read_text(encoding="utf-8")
    kinds = ("resource", "runner", "service", "secret", "notification")
    names = [place.replace(" ", "-") for place, _ in _known() if place.split()[0] in kinds]
    assert [name for name in names if f"(examples/{name}.hcl)" not in text] == []


def test_examples_that_other_tests_play_are_named_there() -> None:
    for name, tests in ELSEWHERE.items():
        for test in tests:
            assert re.search(rf'"{name}(\.hcl)?"', (ROOT / "tests" / test).read_text(encoding="utf-8")), test
