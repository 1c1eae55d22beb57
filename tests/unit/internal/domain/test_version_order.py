"""The order of versions in names, and constraints."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.version_order import Constraint, ConstraintError, parse_version


def test_they_are_in_the_order_of_semantic_versioning() -> None:
    names = "0.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.2.3.4 v2 10"
    found = [parse_version(name) for name in names.split()]
    assert None not in found
    assert sorted(found, key=lambda one: one) == found  # type: ignore[return-value, arg-type]
    assert parse_version("1.0") == parse_version("v1.0.0+build.5")


@pytest.mark.parametrize("text", ["", "latest", "1.", "1.2-", "1..2", "1.2.x", "1" * 19, "1.2 ", "-1", "²"])
def test_what_is_none(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("constraint", "wanted", "others"),
    [
        ("~1.2", "1.2.0 1.2.9", "1.3.0 1.3.0-rc.1 1.1"),
        ("~1", "1 1.9", "2 2.0.0-rc.1"),
        ("^1.2.3", "1.2.3 1.9", "2.0.0 2.0.0-rc.1 1.2.2"),
        ("^0.2.3", "0.2.9", "0.3.0"),
        (">= 1.2 < 3.0.0 || >= 4.2.3", "1.2 2.9 4.2.3", "3.0.0 3.0.0-rc.1 4.2.2"),
        ("1.2.x", "1.2.5", "1.3"),
        ("1", "1.9", "2"),
        ("*", "7 1.0.0-rc.1", ""),
        ("1.2 - 1.4", "1.2 1.4.9", "1.5 1.1"),
        (">1", "2", "1.9"),
        (">1.2.3", "1.2.4", "1.2.3"),
        ("<=1.2", "1.2.9", "1.3"),
        ("!= 2.0.0, >= 1.0.0", "1.0.0 2.0.1", "2.0.0"),
        (">= 2.0.0-rc.1", "2.0.0-rc.2 2.0.0", "2.0.0-beta"),
        ("=1.2.3", "v1.2.3", "1.2.4"),
    ],
)
def test_constraints(constraint: str, wanted: str, others: str) -> None:
    allows = Constraint(constraint).allows
    for names, expected in ((wanted, True), (others, False)):
        for name in names.split():
            version = parse_version(name)
            assert version is not None
            assert (name, allows(version)) == (name, expected)


@pytest.mark.parametrize("text", ["", "foo", "1.2 ||", ">=", "1.2>", "~~1", "1.2.3.4.5.6.7.8.9.0.1.2", "1" * 600])
def test_what_is_no_constraint(text: str) -> None:
    with pytest.raises(ConstraintError):
        Constraint(text)
