"""The values of the language as plain Python, and how they convert into one another.

| HCL | Python |
| --- | --- |
| string | `str` (NFC) |
| number | `int` when whole, else `decimal.Decimal`; see `numeric` |
| bool, null | `bool`, `None` |
| tuple, list | `list` |
| object, map | `dict` with `str` keys; the language goes through it in key order |
| set | `ValueSet` |
| known only at run time | `Deferred` |

HCL tells lists from tuples and maps from objects by static types. Here they are one each: what the types would decide
is decided by looking at the elements.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Union

from pikoci.pkg.hcl import numeric

Value = Union[str, int, Decimal, bool, None, list["Value"], dict[str, "Value"], "ValueSet", "Deferred"]


class UnfitValueError(ValueError):
    """A value does not fit where it is used. Its text is one clause, to follow a colon."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Something whose value is known only at run time; `name` is how users write it, such as `var.token`."""

    name: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """A string with parts that are known only at run time, such as `"Bearer ${var.token}"`.

    It can be put into strings and passed around whole; anything that would have to look inside is an error.
    """

    parts: tuple[str | Reference, ...]

    @classmethod
    def of(cls, name: str) -> "Deferred":
        """Return the deferred value that is one reference alone."""
        return cls((Reference(name),))

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def size(self) -> int:
        """Characters that it stands for in the limits, each reference by the name it has."""
        return sum(len(part) if isinstance(part, str) else len(part.name) for part in self.parts)

    def misuse(self) -> UnfitValueError:
        """Return the error for a use other than in a string."""
        return UnfitValueError(
            f"the value of {self.references[0].name} comes from a secret and is known only when a build runs:"
            " it can stand in strings, lists and maps, and nothing else can be done with it"
        )


class ValueSet:
    """Distinct values in a fixed order: false before true, numbers by size, strings by code point, others likewise."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Value] = ()) -> None:
        distinct = {sort_key(item): item for item in items}
        self.items: tuple[Value, ...] = tuple(distinct[key] for key in sorted(distinct))

    def __iter__(self) -> Iterator[Value]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, item: Value) -> bool:
        return any(equal(item, other) for other in self.items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValueSet):
            return NotImplemented
        return len(self) == len(other) and all(map(equal, self.items, other.items))

    def __hash__(self) -> int:
        return hash(tuple(map(sort_key, self.items)))

    def __repr__(self) -> str:
        return f"ValueSet({list(self.items)!r})"


SortKey = tuple[int, str | int | Decimal | bool | tuple["SortKey", ...]]


def sort_key(value: Value) -> SortKey:
    """Return a key that is equal for equal values and orders all values.

    Raises:
        UnfitValueError: there is a secret-backed value in it.
    """
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | Decimal):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, dict):
        return (4, tuple((0, ((3, key), sort_key(value[key]))) for key in sorted(value)))
    if isinstance(value, list):
        return (5, tuple(map(sort_key, value)))
    if isinstance(value, ValueSet):
        return (6, tuple(map(sort_key, value)))
    raise value.misuse()


def equal(left: Value, right: Value) -> bool:
    """Compare as `==` does: values of different types are never equal, so `1 == "1"` is false.

    Raises:
        UnfitValueError: there is a secret-backed value on either side.
    """
    return sort_key(left) == sort_key(right)


def kind(value: Value) -> str:
    """Name the type of a value for a message."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Deferred):
        return "secret-backed string"
    names = {str: "string", int: "number", Decimal: "number", list: "list", dict: "object", ValueSet: "set"}
    return names.get(type(value), "null")


def to_string(value: Value) -> str:
    """Convert a string, number or bool to a string.

    Raises:
        UnfitValueError: the value has no string form.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return numeric.number_text(value)
    raise _refuse(value, "string")


def to_number(value: Value) -> numeric.Number:
    """Convert a number, or a string that holds one, to a number.

    Raises:
        UnfitValueError: the value is no number.
    """
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            number = numeric.parse(value)
        except numeric.NumberError as cause:
            raise UnfitValueError(str(cause)) from cause
        if number is not None:
            return number
        raise UnfitValueError("a number is required")
    raise _refuse(value, "number")


def to_bool(value: Value) -> bool:
    """Convert a bool, or the string true, false, 1 or 0, to a bool.

    Raises:
        UnfitValueError: the value is no bool.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in ("true", "1"):
            return True
        if value in ("false", "0"):
            return False
        lowered = value.lower()
        if lowered in ("true", "false"):
            raise UnfitValueError(f'a bool is required; to convert from string, use lowercase "{lowered}"')
        raise UnfitValueError("a bool is required")
    raise _refuse(value, "bool")


def to_whole(value: Value) -> int:
    """Convert to a number without fraction.

    Raises:
        UnfitValueError: it is none.
    """
    number = to_number(value)
    if isinstance(number, int):
        return number
    raise UnfitValueError("a whole number is required")


def to_items(value: Value) -> list[Value]:
    """Return the elements of a list or set.

    Raises:
        UnfitValueError: the value is neither.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, ValueSet):
        return list(value)
    raise _refuse(value, "list")


def to_object(value: Value) -> dict[str, Value]:
    """Return the value as an object.

    Raises:
        UnfitValueError: it is none.
    """
    if isinstance(value, dict):
        return value
    raise _refuse(value, "map")


def to_set(items: list[Value]) -> ValueSet:
    """Return the elements as a set, after giving them one type."""
    return ValueSet(same_type(items))


def same_type(items: list[Value]) -> list[Value]:
    """Return the elements with one type: where there is a string, numbers and bools become strings.

    Raises:
        UnfitValueError: they have no type in common.
    """
    kinds = {kind(item) for item in items if item is not None}
    kinds = {"string" if found == "secret-backed string" else found for found in kinds}
    if len(kinds) <= 1:
        return list(items)
    if "string" in kinds and kinds <= {"string", "number", "bool"}:
        return [item if item is None or isinstance(item, Deferred) else to_string(item) for item in items]
    if kinds == {"list", "set"}:
        return [None if item is None else to_items(item) for item in items]
    raise UnfitValueError(f"all elements must have one type, but there are {' and '.join(sorted(kinds))}")


def _refuse(value: Value, wanted: str) -> UnfitValueError:
    if isinstance(value, Deferred):
        return value.misuse()
    if value is None:
        return UnfitValueError("the value must not be null")
    return UnfitValueError(f"a {wanted} is required, not a {kind(value)}")
