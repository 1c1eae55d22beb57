"""Workers that registered."""

from __future__ import annotations

import builtins

import msgspec
from peewee import Case

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.pipeline import WorkerState
from pikoci.internal.store.models import Worker
from pikoci.internal.store.session import Row, Session
from pikoci.internal.store.values import encode_json, key_text, shown_text

_COLUMNS = (
    Worker.name,
    Worker.instance,
    Worker.version,
    Worker.state,
    Worker.queues,
    Worker.concurrency,
    Worker.tags,
    Worker.registered_at,
    Worker.last_seen_at,
    Worker.cordoned,
    Worker.draining,
    Worker.team,
    Worker.token_id,
    Worker.place,
)


class SqlWorkers:
    """Implements `WorkerRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, hello: WorkerHello, now: float, *, team: str = "", token_id: str = "") -> WorkerState | None:
        """See `WorkerRepository`."""
        before = self.get(hello.name)
        told = {
            "instance": key_text(hello.instance, "the worker's instance"),
            "version": shown_text(hello.version),
            "state": "running",
            "queues": encode_json(hello.queues),
            "concurrency": hello.concurrency,
            "tags": encode_json(hello.tags),
            "registered_at": now,
            "last_seen_at": now,
            "team": key_text(team, "the team's name"),
            "token_id": key_text(token_id, "the token's id"),
            "place": key_text(hello.place, "the worker's place"),
        }
        made = {"name": key_text(hello.name, "the worker's name"), "cordoned": False, "draining": False}
        kept = {"draining": Case(None, [(Worker.instance == hello.instance, Worker.draining)], False)}
        insert = Worker.insert(**made, **told)
        seen = Worker.instance == (before.instance if before else None)
        replace = insert.on_conflict(conflict_target=[Worker.name], update=told | kept, where=seen)
        if not self._session.execute(replace):
            raise UnavailableError(f"another process registers as worker {hello.name}", hint="try again in a moment")
        return before

    def seen(self, name: str, instance: str, state: str, now: float) -> WorkerState | None:
        """See `WorkerRepository`."""
        update = Worker.update(state=shown_text(state), last_seen_at=now)
        known = (Worker.name == key_text(name, "the worker's name")) & (Worker.instance == instance)
        rows = self._session.execute_returning(update.where(known).returning(*_COLUMNS))
        return _worker(rows[0]) if rows else None

    def get(self, name: str) -> WorkerState | None:
        """See `WorkerRepository`."""
        wanted = Worker.name == key_text(name, "the worker's name")
        rows = self._session.query(Worker.select(*_COLUMNS).where(wanted))
        return _worker(rows[0]) if rows else None

    def list(self) -> builtins.list[WorkerState]:
        """See `WorkerRepository`. By name."""
        return [_worker(row) for row in self._session.query(Worker.select(*_COLUMNS).order_by(Worker.name))]

    def set_cordoned(self, name: str, cordoned: bool) -> None:
        """See `WorkerRepository`."""
        self._session.execute(
            Worker.update(cordoned=cordoned).where(Worker.name == key_text(name, "the worker's name"))
        )

    def set_draining(self, name: str) -> None:
        """See `WorkerRepository`."""
        self._session.execute(Worker.update(draining=True).where(Worker.name == key_text(name, "the worker's name")))

    def delete(self, name: str) -> None:
        """See `WorkerRepository`."""
        self._session.execute(Worker.delete().where(Worker.name == key_text(name, "the worker's name")))


def _worker(row: Row) -> WorkerState:
    return WorkerState(
        name=row[0],
        instance=row[1],
        version=row[2],
        state=row[3],
        queues=msgspec.json.decode(row[4]),
        concurrency=row[5],
        tags=msgspec.json.decode(row[6]),
        registered_at=row[7],
        last_seen_at=row[8],
        cordoned=bool(row[9]),
        draining=bool(row[10]),
        team=row[11],
        token_id=row[12],
        place=row[13] or "",
    )
