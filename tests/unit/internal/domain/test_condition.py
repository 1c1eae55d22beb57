"""Conditions: what they mean, also compared with Python, and what is wrong with a text that is none."""

from __future__ import annotations

import ast
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.domain.condition import MAX_DEPTH, MAX_LENGTH, ConditionError, parse

VARIABLES = {"A": "x", "N": "10", "M": "9", "EMPTY": "", "NO": "false", "ZERO": "0", "V": "1.10", "LONG": "a wip b"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$A == 'x'", True),
        ('$A != "x"', False),
        ("$A=='x'&&$N==10", True),
        ("$UNSET == ''", True),
        ("$N > $M", True),  # as numbers
        ("$N > '9'", False),  # as text
        ("'10' < '9'", True),
        ("10 < 9", False),
        ("$V == 1.1", True),
        ("$V == '1.1'", False),
        ("-1.5 <= -1.50", True),
        ("$N >= 10 && $N <= 10.0", True),
        ("$A > 5", True),  # one is no number, so as text
        ("$LONG contains 'wip'", True),
        ("$LONG !contains 'wip'", False),
        ("$LONG contains ''", True),
        ("$N contains 1", True),
        ("$A", True),
        ("$EMPTY || $UNSET || $NO || $ZERO || 0.0 || '' || 'false'", False),
        ("!$EMPTY", True),
        ("!!$A", True),
        ("!$A == 'y'", True),
        ("$A == 'y' || $A == 'x' && $M == 9", True),
        ("($A == 'y' || $A == 'x') && $M == 8", False),
        ("!($A == 'x' && !($LONG contains 'wip'))", True),
        ("'it''s'  == 'x'", None),
        ('"it\'s" == "it\'s"', True),
        ("'$A' == 'x'", False),
        ("\n $A\t==\n'x' ", True),
        ("99999999999999999999.1 > 99999999999999999999.0", True),
    ],
)
def test_what_a_condition_means(text: str, wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(ConditionError):
            parse(text)
    else:
        assert parse(text).holds(VARIABLES) is wanted


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("", 0, "a value is missing: $NAME, 'text' or a number", "it is at the end"),
        ("$A ==", 5, "a value is missing: $NAME, 'text' or a number", "it is at the end"),
        ("$A = 'x'", 3, '"=" means nothing here', "write =="),
        ("$A & $B", 3, '"&" means nothing here', "write &&"),
        ("$A == x", 6, '"x" is no value', "write 'x' for a text, $NAME for a variable"),
        ("$A == 'x", 6, "a text does not end", "close it with '"),
        ("${A} == 'x'", 0, "a variable is written without braces", "write $NAME"),
        ("($A == 'x'", 10, "a bracket is not closed: a ) is missing", "it is at the end"),
        ("$A == 'x')", 9, "the condition should end here, or go on with && or ||", 'it is in front of ")"'),
        ("$A $B", 3, "the condition should end here, or go on with && or ||", 'it is in front of "$B"'),
        ("$A == $B == $C", 9, "the condition should end here, or go on with && or ||", 'it is in front of "=="'),
        ("($A) == 'x'", 5, "the condition should end here, or go on with && or ||", 'it is in front of "=="'),
        ("&& $A", 0, "a value is missing: $NAME, 'text' or a number", 'it is in front of "&&"'),
        ("$A contains", 11, "a value is missing: $NAME, 'text' or a number", "it is at the end"),
        ("1.2.3 == $A", 0, '"1.2.3" is no value', "write '1.2.3' for a text, $NAME for a variable"),
        ("$1 == 'x'", 0, '"$" means nothing here', "known are == != < > <= >= contains !contains && || ! ( )"),
        ("  \x00", 2, '"\x00" means nothing here', "known are == != < > <= >= contains !contains && || ! ( )"),
    ],
)
def test_an_error_names_its_place_and_the_way_out(text: str, at: int, message: str, hint: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert (caught.value.at, str(caught.value), caught.value.hint) == (at, message, hint)


def test_length_and_depth_are_bounded() -> None:
    parse(f"$A == '{'x' * (MAX_LENGTH - 8)}'")
    with pytest.raises(ConditionError, match="more than 4,000 characters"):
        parse(f"$A == '{'x' * (MAX_LENGTH - 7)}'")
    for open_, close in (("(", ")"), ("!", "")):
        assert parse(open_ * MAX_DEPTH + "$A" + close * MAX_DEPTH).holds({"A": "1"})
        with pytest.raises(ConditionError, match="more than 50 levels"):
            parse(open_ * (MAX_DEPTH + 1) + "$A" + close * (MAX_DEPTH + 1))


def test_a_large_value_costs_little() -> None:
    began = time.process_time()
    condition = parse(" && ".join(["$A >= 0 || $A contains 'b'"] * 100))
    condition.holds({"A": "9" * 128 * 1024})
    assert time.process_time() - began < 0.5


def test_its_names_are_told_once_in_order() -> None:
    assert parse("$B == $A || !($C && $A)").names == ["B", "A", "C"]


# --- as Python says it --------------------------------------------------------------------------------------------

WORDS = {"&&": "and", "||": "or", "!": "not", "contains": "contains", "!contains": "!contains"}
names = st.sampled_from(["A", "B", "N_1", "UNSET"])
texts = st.text(st.characters(codec="utf-8", exclude_characters="'\"\\\n\r"), max_size=4)
numbers = st.one_of(st.integers(-20, 20).map(str), st.decimals(-20, 20, places=2).map(str))
values = st.one_of(
    names.map(lambda name: (f"${name}", f"V({name!r})")),
    texts.map(lambda text: (f"'{text}'", f"T({text!r})")),
    numbers.map(lambda number: (number, f"N({number!r})")),
)
signs = st.sampled_from(["==", "!=", "<", ">", "<=", ">=", "contains", "!contains"])


def compared(left: tuple[str, str], sign: str, right: tuple[str, str]) -> tuple[str, str]:
    inside = f"{right[1]} {'not in' if sign[0] == '!' else 'in'} {left[1]}"
    python = inside if "contains" in sign else f"{left[1]} {sign} {right[1]}"
    return f"{left[0]} {sign} {right[0]}", python


leaves = st.one_of(values, st.builds(compared, values, signs, values))
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: (f"{a[0]} && {b[0]}", f"{a[1]} and {b[1]}"), inner, inner),
        st.builds(lambda a, b: (f"{a[0]} || {b[0]}", f"{a[1]} or {b[1]}"), inner, inner),
        inner.map(lambda a: (f"!({a[0]})", f"not ({a[1]})")),
        inner.map(lambda a: (f"({a[0]})", f"({a[1]})")),
        leaves.map(lambda a: (f"! {a[0]}", f"not {a[1]}")),
    ),
    max_leaves=12,
)


class Operand:
    """A value in Python's own evaluation: compares as a number with a number, as text otherwise."""

    def __init__(self, text: str, *, quoted: bool = False) -> None:
        self.text = text
        digits = text.removeprefix("-").split(".")
        is_number = len(digits) < 3 and all(part.isascii() and part.isdecimal() for part in digits)
        self.number = Decimal(text) if is_number and not quoted else None

    def sides(self, other: object) -> tuple[object, object]:
        assert isinstance(other, Operand)
        both = self.number is not None and other.number is not None
        return (self.number, other.number) if both else (self.text, other.text)

    def __eq__(self, other: object) -> bool:
        left, right = self.sides(other)
        return left == right

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: Operand) -> bool:
        left, right = self.sides(other)
        return left < right  # type: ignore[operator, no-any-return]

    def __le__(self, other: Operand) -> bool:
        left, right = self.sides(other)
        return left <= right  # type: ignore[operator, no-any-return]

    def __contains__(self, other: Operand) -> bool:
        return other.text in self.text

    def __bool__(self) -> bool:
        return self.text not in {"", "false", "0"} and self.number != 0


@given(expressions, st.dictionaries(names.filter(lambda name: name != "UNSET"), st.one_of(texts, numbers)))
def test_it_agrees_with_pythons_evaluation(expression: tuple[str, str], variables: dict[str, str]) -> None:
    text, python = expression
    namespace = {
        "V": lambda name: Operand(variables.get(name, "")),
        "T": lambda value: Operand(value, quoted=True),
        "N": Operand,
    }
    code = compile(ast.parse(python, mode="eval"), "<condition>", "eval")
    assert parse(text).holds(variables) is bool(eval(code, namespace)), python


@given(st.text(st.sampled_from("$AB_ '\"1.-=!<>&|()contains\n"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text).holds({"A": "1"})
    except ConditionError as error:
        place = error.at if error.args[0] and error.hint else -1
    else:
        place = int(found)
    assert 0 <= place <= max(1, len(text))
