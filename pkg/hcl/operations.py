"""Operators, indexing and the like on values."""

import decimal
from collections.abc import Callable, Iterable
from decimal import Decimal

from pikoci.pkg.hcl import numeric
from pikoci.pkg.hcl.limits import ELEMENT
from pikoci.pkg.hcl.numeric import CONTEXT, Number, normal
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.pkg.hcl.values import (
    Deferred,
    UnfitValueError,
    Value,
    ValueSet,
    equal,
    kind,
    same_type,
    to_items,
    to_number,
    to_string,
)


class LookupFailure(Exception):  # noqa: N818 - carries the texts of a diagnostic
    """A value has no such attribute or element."""

    def __init__(self, summary: str, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.summary = summary
        self.detail = detail
        self.hint = hint


class OperandFailure(UnfitValueError):  # noqa: N818 - as above
    """An operand does not fit; `right` tells which one."""

    def __init__(self, text: str, right: bool) -> None:
        super().__init__(text)
        self.right = right


def _misused(value: Deferred) -> LookupFailure:
    text = str(value.misuse())
    return LookupFailure("Invalid use of a secret", f"{text[:1].upper()}{text[1:]}.")


def attribute(value: Value, name: str) -> Value:
    """Return `value.name`."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise LookupFailure("Unknown attribute", f'This object has no attribute "{name}".', did_you_mean(name, value))
    if value is None:
        raise LookupFailure("Attribute of null", f'The value is null, so it has no attribute "{name}".')
    if isinstance(value, Deferred):
        raise _misused(value)
    hint = f"write [*].{name} for the attribute of every element" if isinstance(value, list | ValueSet) else ""
    raise LookupFailure("Unknown attribute", f"A {kind(value)} has no attributes.", hint)


def index(value: Value, key: Value) -> Value:
    """Return `value[key]`."""
    summary = "Invalid index"
    for part in (value, key):
        if isinstance(part, Deferred):
            raise _misused(part)
        if part is None:
            raise LookupFailure(summary, "Neither the collection nor the index may be null.")
    try:
        if isinstance(value, list):
            return value[_position(to_number(key), len(value))]
        if isinstance(value, dict):
            name = to_string(key)
            if name not in value:
                detail = f'This object has no attribute "{name}".'
                raise LookupFailure(summary, detail, did_you_mean(name, value))
            return value[name]
    except UnfitValueError as cause:
        raise LookupFailure(summary, f"The index does not fit: {cause}.") from cause
    if isinstance(value, ValueSet):
        raise LookupFailure(summary, "The elements of a set have no index.", "use tolist() to get a list")
    raise LookupFailure(summary, f"A {kind(value)} has no elements.")


def _position(number: Number, length: int) -> int:
    if not isinstance(number, int):
        raise UnfitValueError("a whole number is required")
    if number < 0:
        raise UnfitValueError("it must not be negative")
    if number >= length:
        raise UnfitValueError(f"the list has {length} element{'' if length == 1 else 's'}, counted from 0")
    return number


def pairs(value: Value) -> list[tuple[Value, Value]]:
    """Return keys and elements of a collection, in the order the language goes through it.

    Raises:
        UnfitValueError: it is no collection.
    """
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, ValueSet):
        return [(item, item) for item in value]
    if isinstance(value, Deferred):
        raise value.misuse()
    raise UnfitValueError(f"a list, set or object is required, not {kind(value)}")


def negate(value: Value) -> Value:
    """Return `-value`."""
    number = to_number(value)
    return normal(-number if isinstance(number, int) else CONTEXT.minus(number))


def unify(value: Value, other: Value) -> Value:
    """Return the value as the type it shares with the other branch of a conditional.

    Raises:
        UnfitValueError: there is no such type.
    """
    if isinstance(value, list) and isinstance(other, list):
        return _unify_lists(value, other)
    if isinstance(value, dict) and isinstance(other, dict):
        return {name: unify(item, other[name]) if name in other else item for name, item in value.items()}
    ours, theirs = _unit(value), _unit(other)
    if ours == theirs or "null" in (ours, theirs):
        return value
    if theirs == "string" and ours in ("number", "bool"):
        return to_string(value)
    if ours == "string" and theirs in ("number", "bool"):
        return value
    if {ours, theirs} == {"list", "set"}:
        return to_items(value)
    raise UnfitValueError(f"both results must have one type, but one is {kind(value)} and the other {kind(other)}")


def _unify_lists(value: list[Value], other: list[Value]) -> Value:
    if len(value) == len(other):
        return [unify(item, unlike) for item, unlike in zip(value, other, strict=True)]
    return same_type([*value, *other])[: len(value)]


def _unit(value: Value) -> str:
    return "string" if isinstance(value, Deferred) else kind(value)


def measure(values: Iterable[Value], limit: int) -> int:
    """Count elements and characters of values, shared parts as often as they occur; stops above the limit."""
    waiting = list(values)
    total = -len(waiting) * ELEMENT
    while waiting and total <= limit:
        value = waiting.pop()
        total += ELEMENT
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, Deferred):
            total += value.size
        elif isinstance(value, dict):
            total += sum(map(len, value))
            waiting += value.values()
        elif isinstance(value, list | ValueSet):
            waiting += value
    return total


def _arithmetic(exact: Callable[[int, int], int] | None, rounded: Callable[[Decimal, Decimal], Decimal]) -> "_Binary":
    def operate(left: Value, right: Value) -> Value:
        a, b = _number(left, False), _number(right, True)
        try:
            if exact and isinstance(a, int) and isinstance(b, int):
                return normal(exact(a, b))
            return normal(rounded(Decimal(a), Decimal(b)))
        except (decimal.DivisionByZero, decimal.DivisionUndefined, decimal.InvalidOperation) as cause:
            raise OperandFailure("division by zero", True) from cause
        except (decimal.DecimalException, numeric.NumberError) as cause:
            raise OperandFailure("the result is too large", True) from cause

    return operate


def _comparison(test: Callable[[Number, Number], bool]) -> "_Binary":
    return lambda left, right: test(_number(left, False), _number(right, True))


def _number(value: Value, right: bool) -> Number:
    try:
        return to_number(value)
    except UnfitValueError as cause:
        raise OperandFailure(str(cause), right) from cause


def _equal(left: Value, right: Value) -> Value:
    try:
        return equal(left, right)
    except UnfitValueError as cause:
        raise OperandFailure(str(cause), isinstance(right, Deferred)) from cause


def _remainder(a: Decimal, b: Decimal) -> Decimal:
    if b == 0:
        raise decimal.DivisionByZero
    return a - b * CONTEXT.divide(a, b).to_integral_value(decimal.ROUND_DOWN)


_Binary = Callable[[Value, Value], Value]

BINARY: dict[str, _Binary] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": _comparison(lambda a, b: a > b),
    ">=": _comparison(lambda a, b: a >= b),
    "<": _comparison(lambda a, b: a < b),
    "<=": _comparison(lambda a, b: a <= b),
    "+": _arithmetic(lambda a, b: a + b, CONTEXT.add),
    "-": _arithmetic(lambda a, b: a - b, CONTEXT.subtract),
    "*": _arithmetic(lambda a, b: a * b, CONTEXT.multiply),
    "/": _arithmetic(None, CONTEXT.divide),
    "%": _arithmetic(None, _remainder),
}
