"""Versions of resources: recorded once, in the order in which checks list them."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.errors import InvalidError, NotFoundError
from pikoci.internal.domain.pipeline import Version
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World


def refs(versions: Iterable[Version]) -> list[object]:
    return [version.version["ref"] for version in versions]


def test_versions_are_recorded_once_in_the_order_given(store: SqlStore, world: World) -> None:
    owner = world.resource().id
    with store.transaction():
        first = store.versions.save(owner, [{"ref": "b", "n": 1}, {"ref": "a"}, {"n": 1, "ref": "b"}], now=2.0)
        again = store.versions.save(owner, [{"ref": "a"}, {"ref": "c"}], now=3.0)
    assert [version.version for version in first] == [{"ref": "b", "n": 1}, {"ref": "a"}]
    assert [version.version for version in again] == [{"ref": "c"}]
    orders = [version.check_order or 0 for version in (*first, *again)]
    assert orders == sorted(set(orders))
    assert again[0].created_at == 3.0
    assert store.versions.latest(owner) == again[0] == store.versions.get(again[0].id)
    assert store.versions.find(owner, {"n": 1, "ref": "b"}) == first[0]
    assert store.versions.find(owner, {"ref": "x"}) is None
    assert store.versions.latest(owner + 1) is None


def test_the_last_version_of_a_list_is_the_newest_also_when_it_is_known(store: SqlStore, world: World) -> None:
    known = world.versions(*"abc")
    owner = known[0].resource_id
    with store.transaction():
        moved = store.versions.save(owner, [{"ref": "a"}], now=3.0)
    assert refs(moved) == ["a"]
    assert store.versions.latest(owner) == moved[0]
    assert refs(store.versions.list(owner, limit=9, cursor=None).items) == ["a", "c", "b"]
    assert moved[0].id == known[0].id


@pytest.mark.parametrize("again", ["c", "abc", "bac"])
def test_a_list_that_ends_with_the_newest_changes_nothing(store: SqlStore, world: World, again: str) -> None:
    known = world.versions(*"abc")
    with store.transaction():
        assert store.versions.save(known[0].resource_id, [{"ref": ref} for ref in again], now=3.0) == []
    assert store.versions.list(known[0].resource_id, limit=9, cursor=None).items == known[::-1]


@pytest.mark.parametrize(
    ("listed", "changed", "order"),
    [("anc", "nc", "abnc"), ("nab", "nb", "acnb"), ("nb", "nb", "acnb"), ("acn", "n", "abcn"), ("ana", "n", "abcn")],
)
def test_new_versions_among_known_ones(store: SqlStore, world: World, listed: str, changed: str, order: str) -> None:
    owner = world.versions(*"abc")[0].resource_id
    with store.transaction():
        assert refs(store.versions.save(owner, [{"ref": ref} for ref in listed], now=3.0)) == list(changed)
    assert refs(store.versions.list(owner, limit=9, cursor=None).items[::-1]) == list(order)


def test_a_known_version_that_ends_a_part_of_a_list_stays_where_it_is(store: SqlStore, world: World) -> None:
    known = world.versions(*"abc")
    with store.transaction():
        assert store.versions.save(known[0].resource_id, [{"ref": "a"}], now=3.0, last=False) == []
    assert store.versions.latest(known[0].resource_id) == known[2]


def test_what_a_put_made_has_no_place_until_a_check_lists_it(store: SqlStore, world: World) -> None:
    known = world.versions(*"ab")
    owner = known[0].resource_id
    with store.transaction():
        made = store.versions.record(owner, {"ref": "put"}, now=3.0)
        assert store.versions.record(owner, {"ref": "put"}, now=4.0) == made
        assert store.versions.record(owner, {"ref": "a"}, now=4.0) == known[0]
    assert made.check_order is None
    assert store.versions.find(owner, {"ref": "put"}) == made == store.versions.get(made.id)
    assert store.versions.latest(owner) == known[1]
    assert store.versions.list(owner, limit=9, cursor=None).items == [known[1], known[0], made]
    with store.transaction():
        found = store.versions.save(owner, [{"ref": "c"}, {"ref": "put"}], now=5.0)
    assert refs(found) == ["c", "put"]
    assert found[1] == replace(made, check_order=found[1].check_order) == store.versions.latest(owner)


def test_only_what_a_put_made_is_no_newest_version(store: SqlStore, world: World) -> None:
    owner = world.resource()
    with store.transaction():
        store.versions.record(owner.id, {"ref": "put"}, now=3.0)
        with pytest.raises(NotFoundError):
            store.versions.record(77, {"ref": "put"}, now=3.0)
    assert store.versions.latest(owner.id) is None
    assert store.history(owner.pipeline_id).newest(owner.canonical) is None


def test_versions_without_a_place_are_listed_last_in_pages(store: SqlStore, world: World) -> None:
    placed = world.versions(*"ab")
    owner = placed[0].resource_id
    with store.transaction():
        made = [store.versions.record(owner, {"ref": ref}, now=3.0) for ref in "xyz"]
    for limit in range(1, 7):
        seen, cursor = [], None
        while True:
            page = store.versions.list(owner, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            seen += page.items
            if (cursor := page.next) is None:
                break
        assert seen == [*placed[::-1], *made[::-1]]


def test_the_same_version_of_two_resources_is_two(store: SqlStore, world: World) -> None:
    one = world.versions("a")[0]
    two = world.versions("a", resource="git.other")[0]
    assert one.id != two.id


def test_odd_values_survive(store: SqlStore, world: World) -> None:
    odd = {"ünï": "a\0b💥", "deep": [{"z": None, "a": [1, 2.5, True]}], "": ""}
    with store.transaction():
        assert store.versions.save(world.resource().id, [odd], now=1.0)[0].version == odd


def test_many_versions_are_saved_in_order(store: SqlStore, world: World) -> None:
    refs = list(range(1201))
    assert [version.version["ref"] for version in world.versions(*refs)] == refs


def test_versions_are_listed_newest_first_in_pages(store: SqlStore, world: World) -> None:
    made = world.versions(*"abcde")
    first = store.versions.list(made[0].resource_id, limit=2, cursor=None)
    second = store.versions.list(made[0].resource_id, limit=2, cursor=first.next)
    third = store.versions.list(made[0].resource_id, limit=2, cursor=second.next)
    assert [*first.items, *second.items, *third.items] == made[::-1]
    assert third.next is None
    with pytest.raises(InvalidError, match="cursor"):
        store.versions.list(made[0].resource_id, limit=2, cursor="nonsense")


def test_a_version_is_disabled_and_enabled(store: SqlStore, world: World) -> None:
    made = world.versions("a")[0]
    for disabled in (True, False):
        with store.transaction():
            store.versions.set_disabled(made.id, disabled)
        assert store.versions.get(made.id) == replace(made, disabled=disabled)


def test_versions_of_nothing_are_not_found(store: SqlStore) -> None:
    with pytest.raises(NotFoundError), store.transaction():
        store.versions.save(77, [{"a": 1}], now=1.0)


def test_what_is_told_of_versions_is_kept_with_them(store: SqlStore, world: World) -> None:
    owner = world.resource().id
    told = [{"author": "Ada"}, {}]
    with store.transaction():
        first = store.versions.save(owner, [{"ref": ref} for ref in "abc"], now=2.0, metadata=told)
    assert [version.metadata for version in first] == [None, {"author": "Ada"}, None]
    with store.transaction():
        made = store.versions.record(owner, {"ref": "d"}, now=3.0, metadata={"author": "Bob"})
        store.versions.save(owner, [{"ref": "d"}], now=4.0)
        store.versions.record(owner, {"ref": "e"}, now=5.0)
        store.versions.save(owner, [{"ref": "e"}], now=6.0, metadata=[{"author": "Cyd"}])
        store.versions.save(owner, [{"ref": "b"}, {"ref": "e"}], now=7.0, metadata=[{"author": "Eve"}] * 2)
    assert made.metadata == {"author": "Bob"}
    kept = {
        version.version["ref"]: version.metadata for version in store.versions.list(owner, limit=9, cursor=None).items
    }
    assert kept == {"a": None, "b": {"author": "Ada"}, "c": None, "d": {"author": "Bob"}, "e": {"author": "Cyd"}}
