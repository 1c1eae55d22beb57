"""How repositories talk to a database: rows in, rows out, and one notion of a transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

Row = tuple[Any, ...]

#: Rows in one INSERT: few statements, and far below SQLite's 32,766 and PostgreSQL's 65,535 parameters.
BATCH = 500


class Session(ABC):
    """A database that repositories share.

    Statements are written once, in the SQL that both databases have: `?` for parameters (and nowhere else), RETURNING,
    ON CONFLICT, and PostgreSQL's row locks (`FOR NO KEY UPDATE [SKIP LOCKED]` at the end), which SQLite, having one
    writer, does without. Row locks are NO KEY ones, so that inserting a row that refers to a locked one never waits.
    """

    #: The peewee database. Any, since the stubs leave most of its methods untyped.
    database: Any
    #: Whether the planner chooses indexes by what it believes of the data; statements that must not grow guard against
    #: it, see `newest`.
    guesses: bool

    @abstractmethod
    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of a statement. Raises PikociError branches for what the database refuses."""

    @abstractmethod
    def write(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run a changing statement; returns how many rows it changed. Raises RuntimeError outside a transaction."""

    @abstractmethod
    def change(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a changing statement with RETURNING; returns its rows. Raises RuntimeError outside a transaction."""

    @abstractmethod
    def transaction(self, *, snapshot: bool = False, patient: bool = False) -> AbstractContextManager[None]:
        """A read-write transaction; a nested one joins the outer.

        With `snapshot`, all its statements see the database as it was at the first. A `patient` one, for migrations,
        may wait and run for long.
        """

    @abstractmethod
    def after_commit(self, action: Callable[[], None]) -> None:
        """Do this once the transaction is committed, at once outside one, and never if it is rolled back."""

    @abstractmethod
    def lock_schema(self) -> None:
        """Keep other servers from migrating until the transaction ends."""

    @abstractmethod
    def check_writable(self) -> None:
        """Return where the database answers and takes changes. Raises UnavailableError saying what is missing."""

    def give_back_space(self) -> bool:
        """Make the database's files a little smaller, where it does not reuse all their space; whether there is more.

        Raises RuntimeError inside a transaction.
        """
        return False

    @abstractmethod
    def close(self) -> None:
        """Give every connection back."""

    def row(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None


def marks(count: int, mark: str = "?") -> str:
    """So many parameter marks, or groups of them such as `(?, ?)`, with commas between."""
    return ", ".join([mark] * count)


def batches(items: Sequence[Any], size: int = BATCH) -> Iterator[Sequence[Any]]:
    """The items, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
