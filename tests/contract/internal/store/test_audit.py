"""The audit log on every database: what a filter gives, part by part, and what is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from pikoci.internal.domain.audit import AuditEntry, AuditFilter
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.store import audit
from pikoci.internal.store.store import SqlStore


def add(store: SqlStore, *entries: AuditEntry) -> list[int]:
    with store.transaction():
        return [store.audit.add(one).id for one in entries]


def entry(at: float = 1.0, **fields: Any) -> AuditEntry:
    return AuditEntry(at=at, **{"action": "pipeline.set", "actor": "bob", "team": "main", **fields})


def listed(store: SqlStore, limit: int = 50, **wanted: Any) -> list[int]:
    """The ids of all parts; no part has more than `limit`."""
    found, cursor = [], None
    while True:
        page = store.audit.list(AuditFilter(**wanted), limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += [one.id for one in page.items]
        if (cursor := page.next) is None:
            return found


def test_an_entry_is_given_back_as_it_was(store: SqlStore) -> None:
    made = entry(
        at=1.5,
        token="session ab12",
        object="main/app/test#12",
        address="192.0.2.7",
        outcome="permission-denied",
        detail={"added": "job a, job b"},
        count=7,
    )
    [made_id] = add(store, made)
    [found] = store.audit.list(AuditFilter(), limit=1, cursor=None).items
    assert found.id == made_id
    assert found == AuditEntry(
        **{name: getattr(made, name) for name in made.__struct_fields__ if name != "id"}, id=made_id
    )


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_newest_come_first_also_those_of_one_moment(store: SqlStore, limit: int) -> None:
    ids = add(store, entry(3.0), entry(1.0), entry(2.0), entry(2.0), entry(2.0))
    wanted = [ids[0], ids[4], ids[3], ids[2], ids[1]]
    for filters in ({}, {"team": "main"}, {"actor": "bob"}, {"team": "main", "actor": "bob"}):
        assert listed(store, limit, **filters) == wanted


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [3, 2, 1, 0]),
        ({"team": "blue"}, [1]),
        ({"team": ""}, [3]),
        ({"actor": "ann"}, [2, 1]),
        ({"actor": "ann", "team": "main"}, [2]),
        ({"action": "build.cancel"}, [2]),
        ({"action": "build."}, [2, 1]),
        ({"action": "build"}, []),
        ({"object": "main/app"}, [2, 0]),
        ({"object": "main/app/test"}, [2]),
        ({"object": "main/ap"}, []),
        ({"outcome": "refused"}, [3, 1]),
        ({"outcome": "not-found"}, [1]),
        ({"outcome": "done"}, [2, 0]),
        ({"since": 2.0}, [3, 2, 1]),
        ({"until": 2.0}, [0]),
        ({"since": 2.0, "until": 4.0, "actor": "ann"}, [2, 1]),
        ({"since": 2.0, "until": 3.0, "team": "main"}, []),
    ],
)
def test_filters(store: SqlStore, wanted: dict[str, Any], numbers: list[int]) -> None:
    ids = add(
        store,
        entry(1.0, object="main/app"),
        entry(2.0, actor="ann", team="blue", action="build.retry", object="blue/x/y#1", outcome="not-found"),
        entry(3.0, actor="ann", action="build.cancel", object="main/app/test#2"),
        entry(4.0, actor="", team="", action="login.refused", outcome="unauthenticated"),
    )
    assert listed(store, **wanted) == [ids[number] for number in numbers]
    assert listed(store, 1, **wanted) == [ids[number] for number in numbers]


def test_a_part_reads_a_bounded_number_of_entries(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    monkeypatch.setattr(audit, "MOST_READ", 4)
    ids = add(store, entry(1.0, action="user.create"), *(entry(2.0 + number) for number in range(7)))
    page = store.audit.list(AuditFilter(action="user."), limit=9, cursor=None)
    assert (page.items, page.next is None) == ([], False)
    assert listed(store, action="user.") == ids[:1]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "e30"])
def test_a_cursor_that_was_not_made_here_is_refused(store: SqlStore, cursor: str) -> None:
    with pytest.raises(InvalidError, match="cursor"):
        store.audit.list(AuditFilter(), limit=1, cursor=cursor)


def test_the_oldest_are_deleted_a_batch_at_a_time(store: SqlStore) -> None:
    ids = add(store, entry(5.0), entry(1.0), entry(2.0), entry(3.0))
    with store.transaction():
        assert store.audit.delete_before(3.0, 1) == 1
    assert listed(store) == [ids[0], ids[3], ids[2]]
    with store.transaction():
        assert store.audit.delete_before(3.0, 9) == 1
        assert store.audit.delete_before(3.0, 9) == 0
    assert listed(store) == [ids[0], ids[3]]


def test_text_that_no_database_could_keep_is_made_storable(store: SqlStore) -> None:
    add(store, entry(actor="a\0b", detail={"name": "c\0d"}))
    [found] = store.audit.list(AuditFilter(), limit=1, cursor=None).items
    assert found.actor == "a\ufffdb"
    assert found.detail == {"name": "c\0d"}  # JSON writes it with an escape
