"""The audit log: each list is read along one index, from its newest entry back.

The index is that of the actor or the team, where one is asked for, else that of the times; other wishes are looked at
row by row, a bounded number for a page.
"""

from __future__ import annotations

import builtins

from msgspec.structs import replace

from pikoci.internal.domain.audit import AuditEntry, AuditFilter
from pikoci.internal.domain.pipeline import Page
from pikoci.internal.store.newest import newest_first
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import AUDIT
from pikoci.internal.store.values import Key, decode_cursor, encode_cursor, key_text

#: Entries that are read for one page, at most.
MOST_READ = 5000
BATCH = 500
#: Before and after every time.
_FIRST, _LAST = -1e12, 1e12

ADD = f"{AUDIT.insert()} RETURNING id"
DELETE_BEFORE = "DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < ? ORDER BY at LIMIT ?)"


def list_sql(owner: str, *, guarded: bool) -> str:
    """The statement for entries of an `owner` (its column), or of all where it is empty, newest first.

    It takes the owner, the time and the id to begin below, the owner and the first time that counts, and how many to
    read. Where it is `guarded`, all that is compared and ordered is in one index, so that PostgreSQL takes no other.
    """
    if not owner:
        return f"{AUDIT.select} WHERE (at, id) < (?, ?) AND at >= ? ORDER BY at DESC, id DESC LIMIT ?"
    if guarded:
        way = newest_first(f"{owner}, at, id", "?, ?, ?")
        return f"{AUDIT.select} WHERE ({owner}, at) >= (?, ?) AND {way} LIMIT ?"
    return (
        f"{AUDIT.select} WHERE {owner} = ? AND (at, id) < (?, ?) AND {owner} = ? AND at >= ?"
        " ORDER BY at DESC, id DESC LIMIT ?"
    )


class SqlAudit:
    """Implements `AuditRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, entry: AuditEntry) -> AuditEntry:
        """See `AuditRepository`."""
        return replace(entry, id=self._session.change(ADD, AUDIT.values(entry))[0][0])

    def list(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """See `AuditRepository`."""
        place = (_LAST if wanted.until is None else wanted.until, 0)
        if cursor is not None:
            place = min(place, decode_cursor(cursor, tuple[float, Key]))
        found: builtins.list[AuditEntry] = []
        read = 0
        while True:
            batch = self._read(wanted, place)
            read += len(batch)
            for entry in filter(wanted.matches, batch):
                if len(found) == limit:
                    return Page(items=found, next=encode_place(*place))
                found.append(entry)
                place = (entry.at, entry.id)
            if len(batch) < BATCH:
                return Page(items=found)
            place = (batch[-1].at, batch[-1].id)
            if read >= MOST_READ:
                return Page(items=found, next=encode_place(*place))

    def delete_before(self, before: float, limit: int) -> int:
        """See `AuditRepository`."""
        return self._session.write(DELETE_BEFORE, (before, limit))

    def _read(self, wanted: AuditFilter, below: tuple[float, int]) -> builtins.list[AuditEntry]:
        since = _FIRST if wanted.since is None else wanted.since
        owner = "actor" if wanted.actor else "team" if wanted.team is not None else ""
        sql = list_sql(owner, guarded=self._session.guesses)
        if not owner:
            params: tuple[object, ...] = (*below, since, BATCH)
        else:
            value = key_text(wanted.actor or wanted.team or "", f"the {owner}")
            first, last = (value, since), (value, *below)
            params = (*first, *last, BATCH) if self._session.guesses else (*last, *first, BATCH)
        return [AUDIT.read(row) for row in self._session.rows(sql, params)]


def encode_place(at: float, entry_id: int) -> str:
    """The cursor of what comes after this entry."""
    return encode_cursor(at, entry_id)
