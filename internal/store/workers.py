"""Workers that registered."""

from __future__ import annotations

import builtins

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.pipeline import WorkerState
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import WORKERS
from pikoci.internal.store.values import key_text, shown_text

#: Only a row that is still the one that was read. Another process of the name forgets that it was to drain.
REGISTER = (
    f"{WORKERS.insert()} ON CONFLICT (name) DO UPDATE SET {WORKERS.excluded},"
    " draining = CASE WHEN workers.instance = excluded.instance THEN workers.draining ELSE FALSE END"
    " WHERE workers.instance = ?"
)
SEEN = f"UPDATE workers SET state = ?, last_seen_at = ? WHERE name = ? AND instance = ? {WORKERS.returning}"
GET = f"{WORKERS.select} WHERE name = ?"
LIST = f"{WORKERS.select} ORDER BY name"
SET_CORDONED = "UPDATE workers SET cordoned = ? WHERE name = ?"
SET_DRAINING = "UPDATE workers SET draining = TRUE WHERE name = ?"
DELETE = "DELETE FROM workers WHERE name = ?"


class SqlWorkers:
    """Implements `WorkerRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, hello: WorkerHello, now: float, *, team: str = "", token_id: str = "") -> WorkerState | None:
        """See `WorkerRepository`."""
        before = self.get(hello.name)
        state = WorkerState(
            name=hello.name,
            instance=hello.instance,
            version=hello.version,
            state="running",
            queues=hello.queues,
            concurrency=hello.concurrency,
            tags=hello.tags,
            registered_at=now,
            last_seen_at=now,
            team=team,
            token_id=token_id,
            place=hello.place,
            level=hello.level,
        )
        if not self._session.write(REGISTER, (*WORKERS.values(state), before.instance if before else None)):
            raise UnavailableError(f"another process registers as worker {hello.name}", hint="try again in a moment")
        return before

    def seen(self, name: str, instance: str, state: str, now: float) -> WorkerState | None:
        """See `WorkerRepository`."""
        rows = self._session.change(SEEN, (shown_text(state), now, _key(name), instance))
        return WORKERS.read(rows[0]) if rows else None

    def get(self, name: str) -> WorkerState | None:
        """See `WorkerRepository`."""
        row = self._session.row(GET, (_key(name),))
        return WORKERS.read(row) if row else None

    def list(self) -> builtins.list[WorkerState]:
        """See `WorkerRepository`. By name."""
        return [WORKERS.read(row) for row in self._session.rows(LIST)]

    def set_cordoned(self, name: str, cordoned: bool) -> None:
        """See `WorkerRepository`."""
        self._session.write(SET_CORDONED, (cordoned, _key(name)))

    def set_draining(self, name: str) -> None:
        """See `WorkerRepository`."""
        self._session.write(SET_DRAINING, (_key(name),))

    def delete(self, name: str) -> None:
        """See `WorkerRepository`."""
        self._session.write(DELETE, (_key(name),))


def _key(name: str) -> str:
    return key_text(name, "the worker's name")
