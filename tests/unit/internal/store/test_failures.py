"""Drivers' errors in the words of the domain."""

import sqlite3

import peewee
import psycopg2
import pytest

from pikoci.internal.domain.errors import ConflictError, InvalidError, PikociError, UnavailableError
from pikoci.internal.store.failures import first_line, translated


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("A string literal cannot contain NUL (0x00) characters."), InvalidError),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), InvalidError),
        (peewee.DataError("out of range"), InvalidError),
        (peewee.IntegrityError("UNIQUE"), ConflictError),
        (sqlite3.IntegrityError("UNIQUE"), ConflictError),
        (peewee.OperationalError("deadlock detected"), UnavailableError),
        (psycopg2.InterfaceError("connection already closed"), UnavailableError),
        (sqlite3.DatabaseError("database disk image is malformed"), UnavailableError),
        (TimeoutError("timed out"), UnavailableError),
    ],
)
def test_an_error_says_what_the_caller_can_do(error: Exception, kind: type[PikociError]) -> None:
    assert type(translated(error)) is kind


def test_a_mistake_of_ours_stays_as_it_is() -> None:
    assert translated(peewee.ProgrammingError("syntax error")) is None
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(":memory:").execute("SELECT * FROM missing")
    assert translated(caught.value) is None
    assert translated(peewee.OperationalError(caught.value, "no such table")) is None


def test_only_the_first_line_is_told() -> None:
    assert first_line(ValueError("what\nLINE 1: SELECT secret")) == "what"
    assert first_line(ValueError()) == "ValueError"
