"""Requests that may come twice: the first one's answer is kept and given again."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec
from gevent.event import Event

from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.service.context import Context

#: Kept as the status of a request that has begun and was not answered yet.
_BEGUN = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request was answered with."""

    status: int
    body: bytes = b""


class KeyReusedError(ConflictError):
    """The key came with another request before."""


class KeyInUseError(ConflictError):
    """The first request with the key has not been answered: it runs, or died with its server."""


class IdempotencyService:
    """Runs each keyed request at most once. `scope` says whose key it is and for what; `fingerprint` what was asked."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._running: dict[tuple[str, str], Event] = {}

    def run(self, scope: str, key: str, fingerprint: str, action: Callable[[], Answer], wait: float) -> Answer:
        """The answer of `action`, or that of the first request with the key, for which this waits up to `wait` seconds.

        A request that raises leaves the key free, so that it can be corrected or repeated. Raises KeyReusedError,
        KeyInUseError and what `action` raises.
        """
        running = self._running.get((scope, key))
        if running is not None:
            running.wait(wait)
        kept = self._begin(scope, key, fingerprint)
        if kept is not None:
            return kept
        done = self._running[scope, key] = Event()
        try:
            answer = self._act(scope, key, action)
            self._finish(scope, key, fingerprint, answer)
        finally:
            del self._running[scope, key]
            done.set()
        return answer

    def _begin(self, scope: str, key: str, fingerprint: str) -> Answer | None:
        owner = secrets.token_bytes(16)
        with self._store.transaction():
            now = self._context.clock.now()
            self._store.idempotency.save(scope, key, fingerprint, _BEGUN, owner, now)
            found = self._store.idempotency.find(scope, key)
        if found is None or found[2] == owner:
            return None
        if found[0] != fingerprint:
            raise KeyReusedError(
                "this Idempotency-Key came with another request before", hint="make a new key for each request"
            )
        if found[1] == _BEGUN:
            raise KeyInUseError(
                "the first request with this Idempotency-Key has not been answered",
                hint="ask again in a moment; if it stays so, its server died: look at the state, then use a new key",
            )
        return Answer(status=found[1], body=found[2])

    def _act(self, scope: str, key: str, action: Callable[[], Answer]) -> Answer:
        try:
            return action()
        except BaseException:
            with self._store.transaction():
                self._store.idempotency.delete(scope, key)
            raise

    def _finish(self, scope: str, key: str, fingerprint: str, answer: Answer) -> None:
        with self._store.transaction():
            self._store.idempotency.delete(scope, key)
            now = self._context.clock.now()
            self._store.idempotency.save(scope, key, fingerprint, answer.status, answer.body, now)
