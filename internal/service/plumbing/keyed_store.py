"""The store, with a way to have something done at the beginning of a request's first transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from gevent import getcurrent

from pikoci.internal.domain.inputs import History
from pikoci.internal.domain.repositories import Store


class KeyedStore(Store):
    """Passes everything on. `before_transaction` is for the calling greenlet alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begins: dict[object, Callable[[], None]] = {}  # by greenlet
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

    def transaction(self, *, snapshot: bool = False) -> AbstractContextManager[None]:
        """See `Store.transaction`."""
        self._begin()
        return self._store.transaction(snapshot=snapshot)

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
