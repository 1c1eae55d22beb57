"""Functions on lists, sets and objects."""

from pikoci.pkg.clusters import width
from pikoci.pkg.hcl.functions.numbers import add
from pikoci.pkg.hcl.values import (
    Deferred,
    SortKey,
    UnfitValueError,
    Value,
    ValueSet,
    equal,
    kind,
    same_type,
    sort_key,
    to_bool,
    to_items,
    to_number,
    to_object,
    to_string,
    to_whole,
)

_MAX_RANGE = 1024


def alltrue(items: Value) -> Value:
    """alltrue(list): tell whether all elements are true; none is false in an empty list.

    `alltrue([true])` is `true`.
    """
    return all(item is not None and to_bool(item) for item in to_items(items))


def anytrue(items: Value) -> Value:
    """anytrue(list): tell whether any element is true. `anytrue([true, false])` is `true`."""
    return any(item is not None and to_bool(item) for item in to_items(items))


def chunklist(items: Value, size: Value) -> Value:
    """chunklist(list, size): cut into lists of that size; 0 means no limit.

    `chunklist([1, 2, 3], 2)` is `[[1, 2], [3]]`.
    """
    found, step = to_items(items), to_whole(size)
    if step < 0:
        raise UnfitValueError("the size must not be negative")
    step = step or max(1, len(found))
    return [found[start : start + step] for start in range(0, len(found), step)]


def coalesce(*values: Value) -> Value:
    """coalesce(values...): return the first value that is neither null nor "". `coalesce("", "b")` is `"b"`."""
    kinds = {kind(value) for value in values}
    for value in values:
        if isinstance(value, Deferred):
            raise value.misuse()
        if value is not None and value != "":
            return to_string(value) if "string" in kinds and kind(value) in ("number", "bool") else value
    raise UnfitValueError("no value is given that is neither null nor empty")


def coalescelist(*lists: Value) -> Value:
    """coalescelist(lists...): return the first list that isn't empty. `coalescelist([], ["b"])` is `["b"]`."""
    for items in lists:
        if items is not None and to_items(items):
            return items
    raise UnfitValueError("no list is given that isn't empty")


def compact(items: Value) -> Value:
    """compact(list): leave out null and empty strings. `compact(["a", "", null])` is `["a"]`."""
    return [to_string(item) for item in to_items(items) if item is not None and to_string(item)]


def concat(*lists: Value) -> Value:
    """concat(lists...): put lists together. `concat([1], [2, 3])` is `[1, 2, 3]`."""
    if not lists:
        raise UnfitValueError("at least one list is required")
    return [item for items in lists for item in to_items(items)]


def contains(items: Value, value: Value) -> Value:
    """contains(list, value): tell whether the value is an element. `contains(["a"], "a")` is `true`."""
    return any(equal(item, value) for item in to_items(items))


def distinct(items: Value) -> Value:
    """distinct(list): leave out what occurred before. `distinct(["a", "b", "a"])` is `["a", "b"]`."""
    first: dict[SortKey, Value] = {}
    for item in same_type(to_items(items)):
        first.setdefault(sort_key(item), item)
    return list(first.values())


def element(items: Value, index: Value) -> Value:
    """element(list, index): return an element, starting over after the last. `element(["a", "b"], 3)` is `"b"`."""
    found = to_items(items)
    if not found:
        raise UnfitValueError("an empty list has no elements")
    return found[to_whole(index) % len(found)]


def flatten(items: Value) -> Value:
    """flatten(list): replace lists inside by their elements. `flatten([[1], [2, [3]]])` is `[1, 2, 3]`."""
    found: list[Value] = []
    for item in to_items(items):
        if isinstance(item, list | ValueSet):
            inner = flatten(item)
            assert isinstance(inner, list)
            found += inner
        else:
            found.append(item)
    return found


def keys(value: Value) -> Value:
    """keys(object): return the names, in order. `keys({b = 1, a = 2})` is `["a", "b"]`."""
    names: list[Value] = [*sorted(to_object(value))]
    return names


def length(value: Value) -> Value:
    """length(value): count the elements, or the characters of a string. `length([1, 2])` is `2`."""
    if isinstance(value, str):
        return width(value)
    if isinstance(value, list | dict | ValueSet):
        return len(value)
    if isinstance(value, Deferred):
        raise value.misuse()
    raise UnfitValueError(f"a list, set, object or string is required, not {kind(value)}")


def lookup(value: Value, key: Value, *default: Value) -> Value:
    """lookup(object, key, default): return an attribute, or the default. `lookup({a = 1}, "b", 0)` is `0`."""
    attributes, name = to_object(value), to_string(key)
    if len(default) > 1:
        raise UnfitValueError("at most one default can be given")
    if name in attributes:
        return attributes[name]
    if default:
        return default[0]
    raise UnfitValueError(f'there is no attribute "{name}" and no default')


def merge(*objects: Value) -> Value:
    """merge(objects...): put objects together; later ones win, null is skipped.

    `merge({a = 1}, {a = 2})` is `{a = 2}`.
    """
    made: dict[str, Value] = {}
    for value in objects:
        if value is not None:
            made.update(to_object(value))
    return made


def one(items: Value) -> Value:
    """one(list): return the only element, or null for an empty list. `one(["a"])` is `"a"`."""
    found = to_items(items)
    if len(found) > 1:
        raise UnfitValueError(f"the list must have one element at most, not {len(found)}")
    return found[0] if found else None


def range_(*limits: Value) -> Value:
    """range(limit), range(start, limit) or range(start, limit, step): count.

    `range(3)` is `[0, 1, 2]`; at most 1024 numbers.
    """
    if not 1 <= len(limits) <= 3:
        raise UnfitValueError("it takes one to three numbers")
    numbers = [to_number(limit) for limit in limits]
    start = numbers[0] if len(numbers) > 1 else 0
    end = numbers[1] if len(numbers) > 1 else numbers[0]
    step = numbers[2] if len(numbers) > 2 else 1 if start <= end else -1
    if step == 0 or ((step > 0) != (start <= end) and start != end):
        raise UnfitValueError("the step must be a number other than 0 that leads from start to limit")
    found: list[Value] = []
    while start < end if step > 0 else start > end:
        if len(found) == _MAX_RANGE:
            raise UnfitValueError(f"it would give more than {_MAX_RANGE} numbers")
        found.append(start)
        start = add(start, step)
    return found


def reverse(items: Value) -> Value:
    """reverse(list): turn the order around. `reverse([1, 2])` is `[2, 1]`."""
    return to_items(items)[::-1]


def slice_(items: Value, start: Value, end: Value) -> Value:
    """slice(list, start, end): return the elements from start up to, not including, end.

    `slice([1, 2, 3], 1, 2)` is `[2]`.
    """
    found, first, last = to_items(items), to_whole(start), to_whole(end)
    if not 0 <= first <= last <= len(found):
        raise UnfitValueError(f"start and end must be in order and between 0 and {len(found)}")
    return found[first:last]


def sort(items: Value) -> Value:
    """sort(list): sort strings by code point. `sort(["b", "a"])` is `["a", "b"]`."""
    texts: list[Value] = [*sorted(map(to_string, to_items(items)))]
    return texts


def sum_(items: Value) -> Value:
    """sum(list): add numbers up. `sum([1, 2.5])` is `3.5`."""
    found = to_items(items)
    if not found:
        raise UnfitValueError("the list must not be empty")
    total = to_number(found[0])
    for item in found[1:]:
        total = add(total, to_number(item))
    return total


def transpose(value: Value) -> Value:
    """transpose(object): swap keys and the strings in their lists.

    `transpose({a = ["1", "2"]})` is `{"1" = ["a"], "2" = ["a"]}`.
    """
    made: dict[str, list[Value]] = {}
    attributes = to_object(value)
    for name in sorted(attributes):
        for item in to_items(attributes[name]):
            made.setdefault(to_string(item), []).append(name)
    return {name: made[name] for name in sorted(made)}


def values(value: Value) -> Value:
    """values(object): return the values, in the order of their names. `values({b = 1, a = 2})` is `[2, 1]`."""
    attributes = to_object(value)
    return [attributes[name] for name in sorted(attributes)]


def zipmap(names: Value, items: Value) -> Value:
    """zipmap(names, values): build an object of two lists. `zipmap(["a"], [1])` is `{a = 1}`."""
    left, right = to_items(names), to_items(items)
    if len(left) != len(right):
        raise UnfitValueError(f"there are {len(left)} names, but {len(right)} values")
    return dict(zip(map(to_string, left), right, strict=True))
