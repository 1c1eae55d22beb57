"""Whatever the input is, there is an answer."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pikoci.pkg.hcl import FUNCTIONS, Attribute, Body, EvalContext, evaluate, parse, render, traversals

WORDS = """
    a { } [ ] ( ) " ${ %{ ~} = , : ? . * + - ! && => ... for in if else endif 1 1.5 \\ # /* */ é upper( range(9)
    null true $${
"""
PIECES = st.sampled_from([*WORDS.split(), "b = 1\n", "<<E\n", "<<-E\n", "E\n", "\n", " ", "\r", "\0", "\u0301"])
CONTEXT = EvalContext({"a": [1, {"b": "c"}]}, FUNCTIONS)


def evaluate_all(body: Body) -> None:
    for item in body:
        if isinstance(item, Attribute):
            traversals(item.expr)
            render(evaluate(item.expr, CONTEXT).diagnostics)
        else:
            evaluate_all(item.body)


def check(source: str | bytes) -> None:
    body, diagnostics = parse(source)
    places = [found.range.start for found in diagnostics if found.range]
    assert places == sorted(places)
    assert render(diagnostics).count("error: ") >= len(diagnostics)
    assert all(found.to_json()["range"] for found in diagnostics)
    evaluate_all(body)


@settings(derandomize=True, database=None, max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_row_of_tokens_has_an_answer(source: str) -> None:
    check(source)


@settings(derandomize=True, database=None, max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_an_answer(source: str) -> None:
    check(source)


@settings(derandomize=True, database=None, max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_have_an_answer(source: bytes) -> None:
    check(source)
