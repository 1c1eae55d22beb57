"""Variables: precedence, types, dependencies, and what has no value yet."""

from typing import Any

import pytest

from pikoci.internal.domain.plan import Secrets
from tests.unit.internal.pipeline.loading import Finding, find, findings, job_of, run, spec_of

USE = 'job "j" {\n  task "t" {\n    run "r" {\n      value = var.v\n    }\n  }\n}\n'
RUNNER = 'runner_type "r" {\n  run {\n    path = "x"\n  }\n}\n'


def value_of(declaration: str, variables: dict[str, object] | None = None) -> Any:
    step: Any = job_of(declaration + "\n" + USE + RUNNER, variables).steps[0]
    return step.run.params["value"]


def test_a_given_value_wins_over_the_default() -> None:
    assert value_of('variable "v" { default = "a" }') == "a"
    assert value_of('variable "v" { default = "a" }', {"v": "b"}) == "b"


def test_null_is_no_value() -> None:
    assert value_of('variable "v" { default = "a" }', {"v": None}) == "a"


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("string", 3, "3"),
        ("string", True, "true"),
        ("number", "3", 3),
        ("number", 1.5, 1.5),
        ("number", 2.0, 2),
        ("bool", "true", True),
        ("any", {"a": [1, None]}, {"a": [1, None]}),
        ("list(string)", [1, "a"], ["1", "a"]),
        ("list", '["a", 1]', ["a", 1]),
        ("set(string)", ["b", "a", "b"], ["a", "b"]),
        ("map(number)", {"a": "1"}, {"a": 1}),
        ("object({ name = string, size = number })", '{"name": "x", "size": "2", "more": 1}', {"name": "x", "size": 2}),
        ('"string"', 3, "3"),
    ],
)
def test_a_given_value_is_converted_to_the_type(kind: str, given: object, value: object) -> None:
    assert value_of(f'variable "v" {{ type = {kind} }}', {"v": given}) == value


@pytest.mark.parametrize(
    ("kind", "given", "detail"),
    [
        ("number", "x", "A number is required."),
        ("bool", "yes", "A bool is required."),
        ("string", ["a"], "A string is required, not a list."),
        ("list(string)", "a", "A list is required."),
        ("map(string)", [1], "A map is required, not a list."),
        ("object({ a = string })", {}, 'The object has no "a".'),
        ("any", float("nan"), "A finite number is required."),
        ("any", object(), "A value of the type object is not possible."),
    ],
)
def test_a_given_value_that_does_not_fit_is_refused_without_showing_it(kind: str, given: object, detail: str) -> None:
    found = find(f'variable "v" {{ type = {kind} }}\n', {"v": given})

    assert [(one.line, one.column, one.summary, one.texts[0]) for one in found] == [
        (1, 1, 'Wrong value given for the variable "v"', detail)
    ]


def test_a_default_that_does_not_fit_is_refused() -> None:
    assert find('variable "v" {\n  type = number\n  default = "x"\n}') == [
        Finding(3, 13, 'Wrong value for "default"', "A number is required.")
    ]


@pytest.mark.parametrize(
    ("kind", "detail", "hint"),
    [
        ("strin", '"strin" is not a type.', 'did you mean "string"?'),
        ("lst(string)", '"lst(...)" is not a type.', 'did you mean "list"?'),
        (
            "1 + 1",
            "This is not a type.",
            "write string, number, bool, any, list(...), set(...), map(...) or object({...})",
        ),
    ],
)
def test_an_unknown_type_is_refused(kind: str, detail: str, hint: str) -> None:
    assert find(f'variable "v" {{\n  type    = {kind}\n  default = 1\n}}') == [
        Finding(2, 13, "Invalid type", detail, hint)
    ]


def test_a_variable_without_any_value_is_refused_by_name() -> None:
    assert find('variable "v" {\n}') == [
        Finding(
            1,
            1,
            'No value for the variable "v"',
            "It has no default and none was given.",
            "give one, with --var v=... or in a file of variables, or write default = ...",
        )
    ]


def test_a_value_for_an_undeclared_variable_is_a_warning() -> None:
    loaded = run('variable "image" { default = "a" }', {"imgae": "b"})

    assert loaded.spec is not None
    assert findings(loaded.diagnostics, "warning") == [
        Finding(0, 0, 'A value was given for "imgae", but no such variable is declared', "", 'did you mean "image"?')
    ]


def test_defaults_may_refer_to_variables_further_down() -> None:
    text = 'variable "v" { default = "${var.w}-1" }\nvariable "w" { default = upper(var.x) }\nvariable "x" {}'

    assert value_of(text, {"x": "a"}) == "A-1"


def test_a_circle_of_variables_is_shown_once() -> None:
    text = 'variable "a" { default = var.b }\nvariable "b" { default = var.c }\nvariable "c" { default = "x${var.a}" }'

    assert find(text) == [
        Finding(
            1,
            1,
            "Variables refer to one another in a circle",
            "a -> b -> c -> a.",
            "give one of them a value of its own",
        )
    ]


def test_a_given_value_breaks_a_circle() -> None:
    text = 'variable "v" { default = var.b }\nvariable "b" { default = var.v }'

    assert value_of(text, {"b": "x"}) == "x"


def chain(length: int) -> str:
    links = [f'variable "v{n}" {{ default = var.v{n + 1} }}' for n in range(length)]
    return "\n".join([*links, f'variable "v{length}" {{ default = "end" }}'])


def test_variables_may_refer_to_one_another_ten_deep() -> None:
    assert value_of('variable "v" { default = var.v1 }\n' + chain(10).partition("\n")[2]) == "end"

    found = find(chain(11))
    assert [one.summary for one in found] == ["Variables refer to one another more than 10 deep"]


@pytest.mark.parametrize("length", [11, 500])
def test_a_chain_is_too_deep_from_whichever_end_it_is_found(length: int) -> None:
    lines = chain(length).splitlines()

    for text in ("\n".join(lines), "\n".join(reversed(lines))):
        assert "more than 10 deep" in find(text)[0].summary


def test_a_circle_goes_through_secret_stores_too() -> None:
    text = (
        'variable "a" {\n  secret "s" {\n    key = "k"\n  }\n}\n'
        'secret_type "s" {\n  source = "pikoci://vault"\n  token = var.a\n}\n'
    )

    assert Finding(
        1, 1, "Variables refer to one another in a circle", "a -> a.", "give one of them a value of its own"
    ) in find(text)


def test_checking_a_file_alone_accepts_variables_without_value() -> None:
    text = (
        'variable "v" {}\nvariable "n" { type = number }\n'
        + USE
        + 'job "k" {\n  concurrency = var.n\n  timeout = "${var.n}m"\n  for_each = toset(split(",", var.v))\n'
        '  tags = [each.key]\n  if {\n    condition = var.v == "x"\n    task "t" {\n      run "shell" {\n'
        "        cmd = each.value\n      }\n    }\n  }\n}\n"
        'resource "git" "g" {\n  check_interval = var.v\n  params {\n    url = var.v\n    depth = var.n\n  }\n}\n'
        + RUNNER
    )

    loaded = run(text, allow_missing_variables=True)

    assert loaded.ok
    assert loaded.diagnostics == []
    assert loaded.spec is None


def test_checking_a_file_alone_still_finds_mistakes_beside_unknown_values() -> None:
    text = 'variable "v" {}\njob "j" {\n  serial_groups = [var.v, var.w]\n  tags = ["A"]\n}'

    found = find(text, allow_missing_variables=True)

    assert [(one.line, one.summary) for one in found] == [(3, 'Unknown variable "w"'), (4, 'Wrong value for "tags"')]


def test_checking_a_file_alone_finds_unknown_functions_beside_unknown_values() -> None:
    text = 'variable "v" {}\njob "j" {\n  serial_groups = ["a", "x-${upper(lowr(var.v)[0])}"]\n}'

    assert find(text, allow_missing_variables=True) == [
        Finding(3, 36, "Unknown function", 'There is no function "lowr".', 'did you mean "lower"?')
    ]


def test_a_secret_backed_variable_with_a_given_value_needs_no_secret() -> None:
    text = (
        'variable "v" {\n  secret "s" {\n    path = "p"\n    key = "k"\n  }\n}\n'
        'secret_type "s" {\n  source = "pikoci://vault"\n  address = "a"\n  token = "t"\n}\n' + USE + RUNNER
    )

    spec = spec_of(text, {"v": "given"})
    assert (spec.secrets, spec.masks) == (Secrets(), ["given"])
    assert [variable.name for variable in spec_of(text).secrets.variables] == ["v"]


def test_sensitive_values_are_masked_line_by_line() -> None:
    text = 'variable "v" {\n  type = any\n  sensitive = true\n}\n'
    key = "-----BEGIN-----\nabcdef\n  indented\n---\n-----END-----\n"

    masks = spec_of(text, {"v": {"key": key, "port": 54321, "short": "abc", "on": True}}).masks

    assert masks == [key, key.strip(), "-----BEGIN-----", "abcdef", "indented", "-----END-----", "54321", "abc"]


def test_sensitive_params_and_passwords_in_addresses_are_masked() -> None:
    text = (
        'resource "git" "g" {\n  params {\n    url = "https://me:hunter%2F22@example.com/a.git"\n'
        '    token = "tok-123"\n    private_key = "line one\\nline two"\n  }\n}\n'
    )

    assert spec_of(text).masks == ["tok-123", "line one\nline two", "line one", "line two", "hunter%2F22", "hunter/22"]
