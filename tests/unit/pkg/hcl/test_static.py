"""References and suggestions."""

import pytest

from pikoci.pkg.hcl import closest, parse_expression, traversals, variables


def paths(source: str) -> list[tuple[str | int, ...]]:
    expression = parse_expression(source).expression
    assert expression is not None
    return [path.parts for path in traversals(expression)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", []),
        ("a", [("a",)]),
        ('var.x[0]["y"].z', [("var", "x", 0, "y", "z")]),
        ("var.x[var.i].z", [("var", "x"), ("var", "i")]),
        ("var.x[*].y[var.i]", [("var", "x"), ("var", "i")]),
        ('"${a} ${b.c}"', [("a",), ("b", "c")]),
        ("f(a, [b, { c = d, (e) = g }])", [("a",), ("b",), ("d",), ("e",), ("g",)]),
        ("a ? -b : !c", [("a",), ("b",), ("c",)]),
        ("[for x in y : x + z if x > w]", [("y",), ("z",), ("w",)]),
        ("{for k, v in k : k => v.a... if v}", [("k",)]),
        ('"%{ for x in y }${x}${z}%{ endfor }"', [("y",), ("z",)]),
        ("(a).b", [("a",)]),
    ],
)
def test_uses_of_variables(source: str, expected: list[tuple[str | int, ...]]) -> None:
    assert paths(source) == expected


def test_a_use_knows_its_place_and_root() -> None:
    expression = parse_expression('"x ${var.image}"').expression
    assert expression is not None
    (path,) = traversals(expression)
    assert (path.root, path.range.text) == ("var", "var.image")
    assert variables(expression) == {"var"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("concurency", "concurrency"),
        ("Timeout", "timeout"),
        ("tiemout", "timeout"),
        ("gt", "get"),
        ("task", None),
        ("", None),
        ("x" * 10_000, None),
        ("completely", None),
    ],
)
def test_closest_name(name: str, expected: str | None) -> None:
    assert closest(name, ["concurrency", "timeout", "get", "put"]) == expected
