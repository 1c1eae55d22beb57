"""The store, with ways to have something done around a request's first transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from gevent import getcurrent

from pikoci.internal.domain.inputs import History
from pikoci.internal.domain.repositories import Store


class KeyedStore(Store):
    """Passes everything on. What is to be done around transactions is for the calling greenlet alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # By greenlet.
        self._begins: dict[object, Callable[[], None]] = {}
        self._ends: dict[object, Callable[[], bool]] = {}
        self._closing: set[object] = set()
        self._late: dict[object, list[Callable[[], None]]] = {}
        self.accounts = store.accounts
        self.api_tokens = store.api_tokens
        self.sessions = store.sessions
        self.ended_sessions = store.ended_sessions
        self.settings = store.settings
        self.idempotency = store.idempotency
        self.pipelines = store.pipelines
        self.jobs = store.jobs
        self.resources = store.resources
        self.versions = store.versions
        self.builds = store.builds
        self.announcements = store.announcements
        self.logs = store.logs
        self.workers = store.workers
        self.worker_tokens = store.worker_tokens
        self.artifacts = store.artifacts
        self.deletions = store.deletions
        self.secrets = store.secrets
        self.audit = store.audit
        self.sealed = store.sealed

    @contextmanager
    def before_transaction(self, begin: Callable[[], None]) -> Iterator[None]:
        """Call `begin` once, when the first transaction within this context is asked for, or at the context's end.

        A transaction that `begin` leaves open is joined by all that follow. What comes before it may take its time.
        """
        here = getcurrent()
        outer = self._begins.pop(here, None)
        self._begins[here] = begin
        try:
            yield
            self._begin()
        finally:
            self._begins.pop(here, None)
            if outer is not None:
                self._begins[here] = outer

    @contextmanager
    def closing_transaction(self, end: Callable[[], bool]) -> Iterator[None]:
        """Call `end` as the last act of the first transaction within this context, or else of one of its own.

        It is called again in the next transaction where it answers False. What raises within the context ends without
        it, and so does a transaction that is rolled back. Contexts of one greenlet don't nest.
        """
        here = getcurrent()
        self._ends[here] = end
        self._closing.add(here)
        try:
            yield
            if here in self._ends:
                with self.transaction():
                    pass
        finally:
            self._ends.pop(here, None)
            self._closing.discard(here)

    @contextmanager
    def keeping_late(self) -> Iterator[None]:
        """Do what is given to `late` when this context has ended, whatever became of its transactions."""
        here = getcurrent()
        late = self._late.setdefault(here, [])
        try:
            yield
        finally:
            self._late.pop(here, None)
            for action in late:
                action()

    def late(self, action: Callable[[], None]) -> None:
        """Do this once no transaction of the request is open that could take it back; at once where none is."""
        if (late := self._late.get(getcurrent())) is not None:
            late.append(action)
        else:
            action()

    def transaction(self, *, snapshot: bool = False) -> AbstractContextManager[None]:
        """See `Store.transaction`."""
        self._begin()
        transaction = self._store.transaction(snapshot=snapshot)
        if not self._ends or (end := self._ends.pop(getcurrent(), None)) is None:
            return transaction
        return self._ended(transaction, end)

    @contextmanager
    def _ended(self, transaction: AbstractContextManager[None], end: Callable[[], bool]) -> Iterator[None]:
        with transaction:
            yield
            if not end() and (here := getcurrent()) in self._closing:
                self._ends[here] = end

    def _begin(self) -> None:
        if self._begins and (begin := self._begins.pop(getcurrent(), None)) is not None:
            begin()

    def history(self, pipeline_id: int) -> History:
        """See `Store.history`."""
        return self._store.history(pipeline_id)

    def after_commit(self, action: Callable[[], None]) -> None:
        """See `Store.after_commit`."""
        self._store.after_commit(action)

    def check_health(self) -> None:
        """See `Store.check_health`."""
        self._store.check_health()

    def give_back_space(self) -> bool:
        """See `Store.give_back_space`."""
        return self._store.give_back_space()

    def migrate(self) -> list[str]:
        """See `Store.migrate`."""
        return self._store.migrate()

    def pending_migrations(self) -> list[str]:
        """See `Store.pending_migrations`."""
        return self._store.pending_migrations()

    def close(self) -> None:
        """See `Store.close`."""
        self._store.close()
