"""Set functions."""

import itertools
import math

from pikoci.pkg.hcl.values import UnfitValueError, Value, ValueSet, same_type, sort_key, to_items, to_set

_MAX_PRODUCT = 100_000


def setproduct(*lists: Value) -> Value:
    """setproduct(lists...): return all combinations. `setproduct(["a"], [1, 2])` is `[["a", 1], ["a", 2]]`."""
    if len(lists) < 2:
        raise UnfitValueError("at least two lists are required")
    parts = [to_items(items) for items in lists]
    if math.prod(map(len, parts)) * len(parts) > _MAX_PRODUCT:
        raise UnfitValueError(f"the result would have more than {_MAX_PRODUCT:,} elements")
    found: list[Value] = [list(combination) for combination in itertools.product(*parts)]
    return ValueSet(found) if all(isinstance(items, ValueSet) for items in lists) else found


def setintersection(first: Value, *others: Value) -> Value:
    """setintersection(sets...): return what all have. `setintersection(["a", "b"], ["b"])` is the set of `"b"`."""
    sets = _sets(first, *others)
    known = [set(map(sort_key, one)) for one in sets]
    return ValueSet(item for item in sets[0] if all(sort_key(item) in keys for keys in known))


def setunion(first: Value, *others: Value) -> Value:
    """setunion(sets...): return what any has. `setunion(["a"], ["b"])` is the set of `"a"` and `"b"`."""
    return ValueSet(item for one in _sets(first, *others) for item in one)


def setsubtract(left: Value, right: Value) -> Value:
    """setsubtract(a, b): return what only a has. `setsubtract(["a", "b"], ["b"])` is the set of `"a"`."""
    ours, theirs = _sets(left, right)
    taken = set(map(sort_key, theirs))
    return ValueSet(item for item in ours if sort_key(item) not in taken)


def setsymmetricdifference(first: Value, *others: Value) -> Value:
    """setsymmetricdifference(sets...): return what an odd number of them has.

    `setsymmetricdifference(["a", "b"], ["b", "c"])` is the set of `"a"` and `"c"`.
    """
    found: dict[object, Value] = {}
    for one in _sets(first, *others):
        for item in one:
            key = sort_key(item)
            if key in found:
                del found[key]
            else:
                found[key] = item
    return ValueSet(found.values())


def _sets(*values: Value) -> list[ValueSet]:
    """Return sets whose elements have one type, so that 1 and "1" are the same in sets of strings."""
    parts = [to_items(value) for value in values]
    alike = iter(same_type([item for part in parts for item in part]))
    return [to_set(list(itertools.islice(alike, len(part)))) for part in parts]
