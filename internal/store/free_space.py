"""Giving the space that deleted rows left in a SQLite file back to the file system, a little at a time.

A file that was made by an earlier release is not prepared for it and keeps its size until somebody converts it; see
"Disk space" in docs/server.md.
"""

from __future__ import annotations

import sqlite3

#: Pages of 4 KiB that are given back together: each is moved by hand, which takes about 0.1 ms.
STEP = 64
#: Free pages that stay, for what is written next.
KEPT = 4096

_INCREMENTAL = 2


def give_back(connection: sqlite3.Connection) -> bool:
    """Give back some pages, outside a transaction; returns whether there are more. Raises sqlite3.Error."""
    if _number(connection, "auto_vacuum") != _INCREMENTAL or _number(connection, "freelist_count") <= KEPT:
        return False
    connection.executescript(f"PRAGMA incremental_vacuum({STEP})")  # `execute` would stop after one page
    return _number(connection, "freelist_count") > KEPT


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
