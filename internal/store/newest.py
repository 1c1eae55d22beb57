"""The newest builds of a job or a pipeline, by statements that can be answered in one way only.

For `job_id = ? ORDER BY id DESC LIMIT 1` PostgreSQL may walk the primary key backwards until a build of the job comes,
which is the whole table where the job was never built. Rows that are compared and ordered by the columns of an index
are found by that index alone. Such a walk goes on past the job's oldest build to those of another job, so what it finds
is to be looked at again; its LIMIT bounds what it reads in vain.

SQLite, which knows nothing of the data, takes the index with most equal columns. Rows it would compare without their
last column, as that is the key.
"""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.store.tables import ACTIVE, BUILDS, FINISHED

#: Greater than every id.
BEYOND_ALL = 2**63 - 1


def newest_first(columns: str, below: str) -> str:
    """The condition and order that lead back from the place `below` along an index of these columns."""
    order = ", ".join(f"{column} DESC" for column in columns.split(", "))
    return f"({columns}) < ({below}) ORDER BY {order}"


def list_sql(owner: str, statuses: Sequence[BuildStatus] = (), *, guarded: bool) -> str:
    """The statement for the newest builds of an `owner` (its column), of all statuses or of each of some.

    It takes, for each status or once, the owner, the status if there is one, the id to begin below, and how many to
    read. Where it is `guarded`, as PostgreSQL needs it, builds of another owner or status may come along.
    """
    if not statuses:
        return f"{BUILDS.select} WHERE {_below(owner, guarded)} LIMIT ?"
    way = _below(f"{owner}, status", guarded)
    parts = (f"{BUILDS.select} WHERE {FINISHED if one.is_final else ACTIVE} AND {way} LIMIT ?" for one in statuses)
    return " UNION ALL ".join(f"SELECT * FROM ({part}) AS found" for part in parts)


def _below(columns: str, guarded: bool) -> str:
    if guarded:
        return newest_first(f"{columns}, id", f"{columns.count(',') * '?, '}?, ?")
    return f"{' = ? AND '.join(columns.split(', '))} = ? AND id < ? ORDER BY id DESC"
