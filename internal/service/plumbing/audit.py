"""Keeping the audit log: entries of changes in the transaction of the change, and a bounded number of refusals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from gevent import getcurrent
from msgspec.structs import replace

from pikoci.internal.domain.audit import DONE, MAX_PART, MORE, REFUSED, AuditEntry, bounded
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import PikociError
from pikoci.internal.service.plumbing.keyed_store import KeyedStore

log = logging.getLogger(__name__)

#: Takes each entry once it is committed. It must neither wait nor raise.
Sink = Callable[[AuditEntry], None]

#: Within so many seconds equal entries that `count` gets become two: the first, and one for all others…
WINDOW = 60.0
#: … and only so many different ones are told apart: of one actor or address, and in all.
MOST_OF_ONE = 10
MOST = 100


class AuditTrail:
    """Writes entries. What belongs to the running use case is known by its greenlet."""

    def __init__(self, store: KeyedStore, clock: Clock, sink: Sink | None = None) -> None:
        self._store = store
        self._clock = clock
        self._sink = sink
        self._running: dict[object, Running] = {}  # by greenlet
        self._began = 0.0
        self._more: dict[_Key, AuditEntry] = {}  # what came in this window, each with how often it came again

    @contextmanager
    def recording(self, entry: AuditEntry) -> Iterator[Running]:
        """Keep the entry in the first transaction of what runs in this context, or in one of its own without any.

        What raises leaves none. Within another recording, that one alone counts. Gives what is known of the use case.
        """
        here = getcurrent()
        if here in self._running:
            yield self._running[here]
            return
        running = self._running[here] = Running(entry)
        try:
            with self._store.closing_transaction(partial(self._finish, running)):
                yield running
        finally:
            del self._running[here]

    def tell(self, *, object: str = "", team: str = "", **detail: str) -> None:  # noqa: A002 - it is the entry's
        """Say more about what the running use case does, before its transaction ends; empty texts say nothing."""
        running = self._running.get(getcurrent())
        if running is None:
            return
        known = running.entry
        more = {name: text for name, text in detail.items() if text}
        running.waits = False
        running.entry = replace(
            known, object=object or known.object, team=team or known.team, detail={**known.detail, **more}
        )

    def not_yet(self) -> None:
        """Say that the running transaction changes nothing after all; `tell` says what a later one does."""
        if (running := self._running.get(getcurrent())) is not None:
            running.waits = True

    def unchanged(self) -> None:
        """Say that the running use case finds everything as it is wished, which leaves no entry."""
        if (running := self._running.get(getcurrent())) is not None:
            running.is_vain = True

    def add(self, entry: AuditEntry) -> None:
        """Keep the entry with the running transaction, or in one of its own."""
        with self._store.transaction():
            self._add(entry)

    def refuse(self, entry: AuditEntry, error: PikociError) -> None:
        """Keep that this was refused; see `count`."""
        error.is_audited = True
        self.count(replace(entry, outcome=error.slug))

    def count(self, entry: AuditEntry) -> None:
        """Keep an entry of which a stranger could make any number: the first of a minute, then how many more came.

        Never raises: what cannot be written is in the server's log.
        """
        self.flush(only_due=True)
        key = _key(entry)
        if key not in self._more and self._is_full(_who(entry)):
            entry = _general(entry, actor=entry.actor, address="" if entry.actor else entry.address)
            key = _key(entry)
        if key not in self._more and len(self._more) >= MOST:
            entry = _general(entry)
            key = _key(entry)
        known = self._more.get(key)
        if known is not None:
            self._more[key] = replace(known, count=known.count + 1)
            return
        self._more[key] = replace(entry, count=0)
        self._store.late(partial(self._add_safely, entry))

    def flush(self, *, only_due: bool = False) -> None:
        """Write how many more came of what `count` got, if the minute is over or it is not `only_due`."""
        now = self._clock.monotonic()
        if only_due and now - self._began < WINDOW:
            return
        self._began, more, self._more = now, self._more, {}
        for entry in more.values():
            if entry.count:
                self._store.late(partial(self._add_safely, entry))

    def _is_full(self, who: str) -> bool:
        return sum(_who(entry) == who for entry in self._more.values()) >= MOST_OF_ONE

    def _finish(self, running: Running) -> bool:
        if running.waits:
            running.waits = False
            return False
        if not running.is_vain:
            self._add(running.entry)
        return True

    def _add_safely(self, entry: AuditEntry) -> None:
        try:
            self.add(entry)
        except PikociError as error:
            about = {"action": entry.action, "actor": entry.actor, "address": entry.address, "error": error.message}
            log.warning("an entry of the audit log cannot be written", extra=about)

    def _add(self, entry: AuditEntry) -> None:
        kept = self._store.audit.add(
            replace(
                entry,
                at=round(self._clock.now(), 6),  # as it is shown, so that what is shown finds it
                actor=entry.actor[:MAX_PART],
                token=entry.token[:MAX_PART],
                object=entry.object[: 4 * MAX_PART],
                detail=bounded(entry.detail),
            )
        )
        if self._sink is not None:
            self._store.after_commit(partial(self._sink, kept))


class Running:
    """What is to be kept of a use case that runs."""

    def __init__(self, entry: AuditEntry) -> None:
        self.entry = entry
        self.waits = False
        self.is_vain = False


_Key = tuple[str, ...]


def _key(entry: AuditEntry) -> _Key:
    """What tells entries apart that are counted: all but the detail."""
    return (entry.actor, entry.token, entry.action, entry.object, entry.team, entry.address, entry.outcome)


def _who(entry: AuditEntry) -> str:
    return entry.actor or f"at {entry.address}"


def _general(entry: AuditEntry, actor: str = "", address: str = "") -> AuditEntry:
    """The entry for what is too much to be told apart."""
    return AuditEntry(action=MORE, actor=actor, address=address, outcome=DONE if entry.outcome == DONE else REFUSED)
