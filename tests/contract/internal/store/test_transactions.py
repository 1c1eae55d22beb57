"""What is to happen after a transaction."""

import pytest

from pikoci.internal.store.store import SqlStore


def test_what_follows_a_commit_comes_after_the_outermost_transaction(store: SqlStore) -> None:
    done: list[str] = []
    with store.transaction():
        with store.transaction():
            store.after_commit(lambda: done.append("inner"))
        store.after_commit(lambda: done.append("outer"))
        store.settings.put_if_absent("k", "v")
        assert not done
    assert done == ["inner", "outer"]
    with store.transaction():
        pass
    assert len(done) == 2


def test_nothing_follows_a_rollback(store: SqlStore) -> None:
    done: list[str] = []

    def fail() -> None:
        with store.transaction():
            store.after_commit(lambda: done.append("never"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.transaction():
        store.settings.put_if_absent("k", "v")
    assert not done


def test_outside_a_transaction_it_happens_at_once(store: SqlStore) -> None:
    done: list[str] = []
    store.after_commit(lambda: done.append("now"))
    assert done == ["now"]


def test_what_follows_may_use_the_store(store: SqlStore) -> None:
    def keep() -> None:
        with store.transaction():
            store.settings.put_if_absent("after", "v")

    with store.transaction():
        store.after_commit(keep)
    assert store.settings.get("after") == "v"
