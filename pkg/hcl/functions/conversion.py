"""Conversions, and try and can."""

from collections.abc import Callable, Sequence

from pikoci.pkg.hcl.values import (
    Deferred,
    UnfitValueError,
    Value,
    same_type,
    to_bool,
    to_items,
    to_number,
    to_object,
    to_set,
    to_string,
)


def tobool(value: Value) -> Value:
    """tobool(value): convert the strings "true" and "false" to a bool. `tobool("true")` is `true`."""
    return None if value is None else to_bool(value)


def tolist(value: Value) -> Value:
    """tolist(value): turn a set into a list, its elements into one type. `tolist([1, "a"])` is `["1", "a"]`."""
    return None if value is None else same_type(to_items(value))


def tomap(value: Value) -> Value:
    """tomap(object): turn the values into one type. `tomap({a = 1, b = "x"})` is `{a = "1", b = "x"}`."""
    if value is None:
        return None
    attributes = to_object(value)
    return dict(zip(attributes, same_type(list(attributes.values())), strict=True))


def tonumber(value: Value) -> Value:
    """tonumber(value): convert a string to a number. `tonumber("1.5")` is `1.5`."""
    return None if value is None else to_number(value)


def tostring(value: Value) -> Value:
    """tostring(value): convert a number or bool to a string. `tostring(1.50)` is `"1.5"`."""
    return value if value is None or isinstance(value, Deferred) else to_string(value)


def toset(value: Value) -> Value:
    """toset(list): turn a list into a set: no order, no duplicates.

    `toset(["b", "a", "b"])` is the set of `"a"` and `"b"`.
    """
    return None if value is None else to_set(to_items(value))


# `try` is a keyword of Python.
def try_(thunks: Sequence[Callable[[], Value]]) -> Value:
    """try(expressions...): return the first value that evaluates without error. `try(var.missing, "x")` is `"x"`."""
    problems = []
    for thunk in thunks:
        try:
            return thunk()
        except UnfitValueError as cause:
            problems.append(str(cause))
    if not problems:
        raise UnfitValueError("at least one expression is required")
    raise UnfitValueError("no expression could be evaluated: " + "; ".join(problems))


def can(thunks: Sequence[Callable[[], Value]]) -> Value:
    """can(expression): tell whether it evaluates without error. `can(tonumber("x"))` is `false`."""
    if len(thunks) != 1:
        raise UnfitValueError("exactly one expression is required")
    try:
        thunks[0]()
    except UnfitValueError:
        return False
    return True
