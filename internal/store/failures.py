"""Database errors in the words of the domain, the cause kept by `raise ... from`."""

from __future__ import annotations

import sqlite3

import peewee
import psycopg2

from pikoci.internal.domain.errors import ConflictError, InvalidError, PikociError, UnavailableError

#: What the drivers and peewee raise while talking to a database. ValueError and OverflowError come from values that a
#: driver cannot send; UnicodeEncodeError is a ValueError.
DRIVER_ERRORS = (peewee.PeeweeException, psycopg2.Error, sqlite3.Error, ValueError, OverflowError, TimeoutError)

_READ_ONLY_TRANSACTION = "25006"


def translated(error: Exception) -> PikociError | None:
    """The domain error for a driver's, or None for a mistake of ours, which must stay as it is."""
    if isinstance(error, (ValueError, OverflowError, peewee.DataError, psycopg2.DataError, sqlite3.DataError)):
        return InvalidError(f"a value cannot be stored: {first_line(error)}")
    if isinstance(error, (peewee.IntegrityError, psycopg2.IntegrityError, sqlite3.IntegrityError)):
        return ConflictError("the change collides with another one: what it refers to is gone, or exists already")
    if isinstance(error, (peewee.ProgrammingError, psycopg2.ProgrammingError, sqlite3.ProgrammingError)):
        return None
    if sqlite_code(error) == sqlite3.SQLITE_ERROR:  # "no such table", a syntax error
        return None
    if _is_read_only(error):
        return UnavailableError(f"the database takes no changes: {first_line(error)}", hint="/readyz says more")
    if sqlite_code(error) == sqlite3.SQLITE_FULL:
        return UnavailableError("the database takes no changes: its disk is full", hint="make room on it")
    return UnavailableError(f"the database did not answer: {first_line(error)}", hint="try again in a moment")


def _is_read_only(error: Exception) -> bool:
    sql_state = getattr(getattr(error, "orig", error), "pgcode", None)
    return sql_state == _READ_ONLY_TRANSACTION or sqlite_code(error) == sqlite3.SQLITE_READONLY


def sqlite_code(error: Exception) -> int:
    """SQLite's primary result code for an error, wrapped by peewee or not; 0 for other databases' errors."""
    driver_error = getattr(error, "orig", error)  # where peewee keeps it
    return int(getattr(driver_error, "sqlite_errorcode", 0)) & 0xFF


def first_line(error: Exception) -> str:
    """What a driver says, without the statement and position that it adds on further lines."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
