"""What a text that was made to be slow or large comes to: one error, which names the limit and the way out."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pikoci.pkg.hcl import FUNCTIONS, EvalContext, closest, error, evaluate, lexer, parse, parse_expression, parser
from pikoci.pkg.hcl.diagnostics import Source
from pikoci.pkg.hcl.limits import MAX_CANDIDATES, MAX_COUNTED, MAX_DIAGNOSTICS, MAX_RESULT
from pikoci.pkg.hcl.recovery import after_item


class TooLateError(Exception):
    """What a test's clock says in the end."""


def value(text: str, variables: dict[str, Any] | None = None, context: EvalContext | None = None) -> Any:
    expression, diagnostics = parse_expression(text)
    assert expression is not None, diagnostics
    return evaluate(expression, context or EvalContext(variables or {}, FUNCTIONS))


@pytest.mark.parametrize(
    "text", ["'\n", "}\n", "a\n", "= = =\n", 'a = "\n', 'a = "\\q"\n', "a = (\n", "a {} x\n", 'a "${b}" {\n}\n']
)
def test_no_more_errors_are_made_than_are_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(*args: Any) -> Any:
        made.append(args)
        return error(*args)

    for room in ("lexer", "parser", "stream"):
        monkeypatch.setattr(f"pikoci.pkg.hcl.{room}.error", counted)

    diagnostics = parse(text * 1_000).diagnostics

    assert len(diagnostics) == MAX_DIAGNOSTICS + 1
    assert diagnostics[-1].summary == "Too many errors"
    assert len(made) <= 2 * MAX_DIAGNOSTICS + 3


def test_errors_inside_one_string_end_too() -> None:
    diagnostics = parse('a = "' + "\\q" * 5_000 + '"\n').diagnostics

    assert len(diagnostics) == MAX_DIAGNOSTICS + 1


def test_too_many_tokens_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "MAX_TOKENS", 1_000)

    body, diagnostics = parse("a = [1, 2]\n" * 1_000)

    assert [found.summary for found in diagnostics] == ["The file is too large"]
    assert diagnostics[0].detail.startswith("At most 1,000 names, values and signs are read")
    assert diagnostics[0].hint
    assert body.items == ()


def test_a_text_with_as_many_tokens_as_may_be_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a = 1\n"
    monkeypatch.setattr(lexer, "MAX_TOKENS", len(lexer.lex(Source(text)).kinds))

    assert parse(text).diagnostics == []


@pytest.mark.slow
def test_the_bound_of_tokens_as_it_is() -> None:
    """A file of the largest size, whose tokens would take far more memory than its text."""
    assert [found.summary for found in parse("a=1\n" * 1_000_000).diagnostics] == ["The file is too large"]


@pytest.mark.slow
def test_the_bound_of_blocks_as_it_is() -> None:
    assert [found.summary for found in parse("a {}\n" * 30_000).diagnostics] == ["The file is too large"]


def test_too_many_blocks_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_BLOCKS", 10)

    assert parse("a {}\n" * 10).diagnostics == []
    assert [found.detail for found in parse("a {}\n" * 11).diagnostics] == [
        "At most 10 blocks are read; the rest was not looked at."
    ]


def test_the_lines_of_a_heredoc_take_no_part_each() -> None:
    found = parse("a = <<-E\n" + "  x\n" * 5_000 + "  E\n").body.attributes["a"].expr

    assert value("a", {"a": 1}).value == 1
    assert evaluate(found, EvalContext()).value == "x\n" * 5_000
    assert type(found).__name__ == "Literal"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("[for a in range(1000) : range(1000)]", "1,000,000 elements"),
        ("[for a in range(1000) : [for b in range(1000) : []]]", "1,000,000 elements"),
        ('join("", [for a in range(1000) : s])', "1,000,000 elements"),
        ('replace(s, "x", s)', "longer than 1,000,000 characters"),
        ('replace(s, "/x/", s)', "longer than 1,000,000 characters"),
        ('regexreplace(s, "", "$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1")', "longer than 1,000,000"),
        ('regexall("()()()()()()()()()()()()()()()()()()()()", s)', "matches more than 5,952 times"),
        ('indent(1000000, "a\\nb\\nc")', "longer than 1,000,000 characters"),
        ("setproduct(range(1000), range(1000))", "more than 100,000 elements"),
        ("range(1025)", "more than 1024 numbers"),
        ("pow(10, 1000000000)", "too large"),
        ('format("%1025s", "a")', "at most 1024"),
        (f'format("{"%1024[1]s" * 1000}", "a")', "longer than 1,000,000 characters"),
        ('formatlist("%1024s", split("", s))', "longer than 1,000,000 characters"),
        ('jsondecode(replace(s, "x", "["))', "nested too deeply"),
        ('jsondecode(replace(s, "x", "9"))', "too large"),
        ('csvdecode(replace(s, "x", "a\\n"))', "1,000,000 elements"),
    ],
)
def test_what_would_grow_too_large_is_refused(text: str, limit: str) -> None:
    _, diagnostics = value(text, {"s": "x" * 50_000})

    assert [str(found) for found in diagnostics if limit not in str(found)] == []
    assert len(diagnostics) == 1


def test_a_pattern_that_other_engines_never_finish_is_linear() -> None:
    assert value('length(regexall("(x+x+)+y|z", s))', {"s": "x" * 50_000}).value == 0


def test_formatlist_goes_through_long_lists_once() -> None:
    found = value('length(formatlist("%s%s", split("", s), split("", s)))', {"s": "x" * 5_000})

    assert found.value == 5_000


@pytest.mark.parametrize(
    "text",
    [
        "[for a in range(1000) : [for b in range(9) : true]]",
        "[for a in range(1000) : a + a]",
        "try([for a in range(1000) : x.y], 1)",
        "1" + "+1" * 5_000,
        '"%{for a in range(1000)}${a}%{endfor}"',
    ],
)
def test_whoever_evaluates_can_end_it(text: str) -> None:
    ticks = itertools.count(1)

    def tick() -> None:
        if next(ticks) > 2:
            raise TooLateError

    with pytest.raises(TooLateError):
        value(text, context=EvalContext({"x": {"y": [1]}}, FUNCTIONS, tick))


def test_a_name_is_compared_with_a_bounded_number_of_others() -> None:
    names = [f"name{number}" for number in range(MAX_CANDIDATES)]

    assert closest("nam1", names) == "name1"
    assert closest("nam1", [*names, "other"]) is None


def test_columns_far_out_in_a_line_are_not_counted_as_a_reader_would() -> None:
    source = Source("e\u0301" * MAX_COUNTED)

    assert source.position(MAX_COUNTED) == (1, MAX_COUNTED // 2 + 1)
    assert source.position(MAX_COUNTED + 10) == (1, MAX_COUNTED // 2 + 11)


def test_letters_with_endless_marks_stay_as_they_are() -> None:
    marks = "\u0301\u0323" * 5_000

    assert value(f'"e{marks}"').value == f"e{marks}"
    assert value('"e\u0301"').value == "\u00e9"


def test_results_are_bounded_by_one_number() -> None:
    assert len(value('replace(s, "x", "xx")', {"s": "x" * (MAX_RESULT // 10)}).value) == MAX_RESULT // 5


def test_blocks_with_something_behind_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = []

    def noted(stream: Any, first: int) -> int:
        starts.append(first)
        return after_item(stream, first)

    monkeypatch.setattr(parser, "after_item", noted)
    text = "a {\n" * 50 + "b = [" + "1, " * 500 + "]\n" + "} x\n" * 50
    diagnostics = parse(text).diagnostics

    assert [found.summary for found in diagnostics] == ["Missing newline after block"] * 50
    assert min(starts) > 500
