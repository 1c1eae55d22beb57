"""Pieces of SQL."""

from pikoci.internal.store.session import batches, marks
from pikoci.internal.store.sqlite import ROW_LOCK


def test_marks_stand_for_parameters() -> None:
    assert marks(3) == "?, ?, ?"
    assert marks(2, "(?, FALSE)") == "(?, FALSE), (?, FALSE)"


def test_batches_hold_all_items_in_order() -> None:
    assert [list(batch) for batch in batches(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(batches([], 2)) == []


def test_row_locks_are_left_out() -> None:
    for lock in ("FOR NO KEY UPDATE", "FOR NO KEY UPDATE OF p", "FOR NO KEY UPDATE OF j SKIP LOCKED"):
        assert ROW_LOCK.sub("", f"SELECT 1 {lock}") == "SELECT 1"
