"""Values of expressions."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pikoci.pkg.hcl import (
    Deferred,
    EvalContext,
    Reference,
    Value,
    ValueSet,
    evaluate,
    parse,
    parse_expression,
    standard_functions,
)

TOKEN = Deferred.of("var.token")
CONTEXT = EvalContext(
    {
        "n": 3,
        "s": "x",
        "list": [1, 2, 3],
        "object": {"b": 1, "a": [{"c": 2}, {"c": 3}]},
        "set": ValueSet(["b", "a"]),
        "none": None,
        "var": {"token": TOKEN, "name": "app"},
    },
    standard_functions(lambda: datetime(2025, 3, 1, tzinfo=UTC)),
)


def value(source: str) -> Value:
    expression, diagnostics = parse_expression(source)
    assert diagnostics == []
    assert expression is not None
    found, problems = evaluate(expression, CONTEXT)
    assert [str(problem) for problem in problems] == []
    return found


def errors(source: str) -> list[str]:
    expression, diagnostics = parse_expression(source)
    assert diagnostics == []
    assert expression is not None
    found, problems = evaluate(expression, CONTEXT)
    assert found is None
    return [f"{problem.summary}: {problem.detail}" for problem in problems]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5),
        ("(1 + 2) * 3", 9),
        ("7 % 3 + -7 % 3", 0),
        ("-n", -3),
        ("- -n", 3),
        ("!true || true && false", False),
        ("1 < 2 == true", True),
        ('"2" * 3', 6),
        ("10 / 4", Decimal("2.5")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("0.5 + 0.5", 1),
        ("2.50", Decimal("2.5")),
        ("1e3", 1000),
        ("123456789012345678901234567890 * 10", 1234567890123456789012345678900),
        ('1 == "1"', False),
        ("1 == 1.0", True),
        ("true == 1", False),
        ("null == null", True),
        ("[1, {a = 2}] == [1, {a = 2}]", True),
        ("false && nope", False),
        ("true || nope", True),
        ("n > 2 ? s : nope", "x"),
        ('true ? 1 : "a"', "1"),
        ("true ? null : 1", None),
        ("true ? [1] : []", [1]),
        ('true ? [1] : ["a"]', ["1"]),
        ('true ? { a = 1 } : { a = "x" }', {"a": "1"}),
        ("list[0] + list.1", 3),
        ('list["2"]', 3),
        ("object.b", 1),
        ('object["b"]', 1),
        ("object.a[*].c", [2, 3]),
        ("object.a.*.c", [2, 3]),
        ("object.a.*.c[1]", 3),
        ("object.a[1].c", 3),
        ("s[*]", ["x"]),
        ("none[*]", []),
        ("[for x in list : x * 2 if x > 1]", [4, 6]),
        ("[for i, x in list : i]", [0, 1, 2]),
        ("[for k, v in object : k]", ["a", "b"]),
        ("[for x in set : x]", ["a", "b"]),
        ("{for x in list : x => x + 1}", {"1": 2, "2": 3, "3": 4}),
        ("{for x in list : x % 2 => x...}", {"1": [1, 3], "0": [2]}),
        ("[for x in [1, 2] : [for y in [x, x * 10] : y]]", [[1, 10], [2, 20]]),
        (
            '{ a = 1, "b c" : 2, (s) = 3, "${s}y" = 4, 5 = 6, null = 7 }',
            {"a": 1, "b c": 2, "x": 3, "xy": 4, "5": 6, "null": 7},
        ),
        ("max(list...)", 3),
        ("try(nope, object.z, s)", "x"),
        ("can(object.z)", False),
    ],
)
def test_value(source: str, expected: Value) -> None:
    found = value(source)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"a${n}b${true}c${1.50}"', "a3btruec1.5"),
        ('"${list}"', [1, 2, 3]),
        ('"$name $ % $$ 100%"', "$name $ % $$ 100%"),
        ('"$${n} %%{ if }"', "${n} %{ if }"),
        ('"\\n\\t\\"\\\\\\u00e9\\U0001F600"', '\n\t"\\é😀'),
        ('"e\u0301"', "é"),
        ('"a ${~ s ~} b"', "axb"),
        ('"%{ if n > 2 }yes%{ else }no%{ endif }"', "yes"),
        ('"%{ if n > 5 }yes%{ endif }"', ""),
        ('"%{ for x in list }${x},%{ endfor }"', "1,2,3,"),
        ('"%{ for k, v in { a = 1 } }${k}=${v}%{ endfor }"', "a=1"),
        ("<<EOT\na ${n}\n  b\nEOT\n", "a 3\n  b\n"),
        ("<<-EOT\n    a\n\n      ${n}\n   b\n    EOT\n", " a\n\n   3\nb\n"),
        ("<<EOT\n%{ for x in list ~}\n- ${x}\n%{ endfor ~}\nend\nEOT\n", "- 1\n- 2\n- 3\nend\n"),
        ('<<EOT\nfor f in $x; do echo "$${f}" \\n; done\nEOT\n', 'for f in $x; do echo "${f}" \\n; done\n'),
        ("<<EOT\nEOT\n", ""),
        ("<<-EOT\n  $\n  %\n  EOT\n", "$\n%\n"),
    ],
)
def test_template(source: str, expected: Value) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 / 0", ["Invalid operand: Division by zero."]),
        ('"a" + 1', ["Invalid operand: A number is required."]),
        ("1 + null", ["Invalid operand: The value must not be null."]),
        ("1 ? 2 : 3", ["Invalid condition: A bool is required, not a number."]),
        (
            "true ? [] : {}",
            ["Inconsistent conditional: Both results must have one type, but one is list and the other object."],
        ),
        ('"${null}x"', ["Invalid value in a string: The value must not be null."]),
        ('"x${list}"', ["Invalid value in a string: A string is required, not a list."]),
        ("list[3]", ["Invalid index: The index does not fit: the list has 3 elements, counted from 0."]),
        ("list[-1]", ["Invalid index: The index does not fit: it must not be negative."]),
        ("list[0.5]", ["Invalid index: The index does not fit: a whole number is required."]),
        ("set[0]", ["Invalid index: The elements of a set have no index."]),
        ("object.z", ['Unknown attribute: This object has no attribute "z".']),
        ("none.z", ['Attribute of null: The value is null, so it has no attribute "z".']),
        ("list.z", ["Unknown attribute: A list has no attributes."]),
        ("nope(1)", ['Unknown function: There is no function "nope".']),
        ("upper()", ['Wrong number of arguments: "upper" takes 1 argument, not 0.']),
        ("max(1...)", ["Invalid argument: A list is required, not a number."]),
        ("{ (null) = 1 }", ["Invalid key: The value must not be null."]),
        ("{ a.b = 1 }", ["Ambiguous key: This could be a reference or a name."]),
        ("[for x in 1 : x]", ["Invalid collection: A list, set or object is required, not number."]),
        ('{for x in ["a", "a"] : x => x}', ['Duplicate key: Two elements have the key "a".']),
        (
            "[nope, { a = nix }, upper(nada), none + nil]",
            [
                'Unknown variable: There is no variable named "nope".',
                'Unknown variable: There is no variable named "nix".',
                'Unknown variable: There is no variable named "nada".',
                'Unknown variable: There is no variable named "nil".',
            ],
        ),
    ],
)
def test_error(source: str, expected: list[str]) -> None:
    assert errors(source) == expected


def test_an_unknown_function_gets_a_suggestion() -> None:
    expression = parse_expression("uper(s)").expression
    assert expression is not None
    assert evaluate(expression, CONTEXT).diagnostics[0].hint == 'did you mean "upper"?'


def test_a_secret_is_remembered_in_strings() -> None:
    assert value("var.token") == TOKEN
    assert value('"${var.token}"') == TOKEN
    assert value('"a ${"b ${var.token}"}-${n}${var.token}"') == Deferred(
        ("a b ", Reference("var.token"), "-3", Reference("var.token"))
    )
    assert value('{ a = ["x${var.token}"] }') == {"a": [Deferred(("x", Reference("var.token")))]}
    assert value('n > 2 ? var.token : "none"') == TOKEN
    assert value('"%{ for x in [var.token, s] }${x},%{ endfor }"') == Deferred((Reference("var.token"), ",x,"))
    assert value("merge({ a = var.token }, {}).a") == TOKEN
    assert value("concat([var.token], []) [0]") == TOKEN


@pytest.mark.parametrize(
    "source",
    [
        'var.token == "x"',
        "var.token + 1",
        "-var.token",
        "!var.token",
        "var.token ? 1 : 2",
        "var.token.x",
        "var.token[0]",
        "list[var.token]",
        "var.token[*]",
        "[for x in var.token : x]",
        "{ (var.token) = 1 }",
        "upper(var.token)",
        "jsonencode([var.token])",
        "toset([var.token])",
        'join(",", [var.token])',
        'coalesce(var.token, "x")',
        "contains([1], var.token)",
        "length(var.token)",
    ],
)
def test_nothing_can_be_computed_from_a_secret(source: str) -> None:
    assert (
        "he value of var.token comes from a secret and is known only when a build runs: it can stand in"
        in errors(source)[0]
    )


@pytest.mark.parametrize(
    "source",
    [
        "[for a in range(1024) : [for b in range(1024) : [for c in range(1024) : 1]]]",
        'join("", [for a in range(1024) : format("%1024s", "x")])',
    ],
)
def test_an_explosion_is_stopped(source: str) -> None:
    assert "Expression too large" in errors(source)[-1]


def test_a_secret_in_a_long_text_counts_as_often_as_it_stands_there() -> None:
    long = Deferred(("x" * 20_000, Reference("var.token")))
    expression = parse_expression('"%{ for a in range(100) }${long}%{ endfor }"').expression
    assert expression is not None
    found = evaluate(expression, EvalContext({"long": long}, CONTEXT.functions))
    assert [one.summary for one in found.diagnostics] == ["Expression too large"]


def test_values_that_share_parts_count_as_often_as_they_occur() -> None:
    nested = '"x"'
    for depth in range(22):
        nested = f"[for v{depth} in [{nested}] : [v{depth}, v{depth}]][0]"
    for source in (nested, f"jsonencode({nested})", f"{nested} == {nested}", f"flatten({nested})"):
        assert "Expression too large" in errors(source)[0]


def test_a_long_chain_of_operators_is_no_problem() -> None:
    assert value(" + ".join(["1"] * 5000)) == 5000


def test_parsed_trees_can_be_evaluated_again_and_again() -> None:
    body = parse('a = "${n}"\nb = [for x in list : x]\n').body
    for _ in range(2):
        assert [evaluate(item.expr, CONTEXT).value for item in body.attributes.values()] == [3, [1, 2, 3]]
