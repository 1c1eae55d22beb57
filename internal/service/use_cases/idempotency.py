"""Requests that may come twice: the first one's answer is kept and given again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import msgspec

from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.service.plumbing.context import Context


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request was answered with."""

    status: int
    body: bytes = b""


class KeyReusedError(ConflictError):
    """The key came with another request before."""


class _AlreadyAnsweredError(Exception):
    """Ends an action: while it prepared, the same request came in between and was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


class IdempotencyService:
    """Runs each keyed request at most once. `scope` says whose key it is and for what; `fingerprint` what was asked."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def run(self, scope: str, key: str, fingerprint: str, action: Callable[[], Answer]) -> Answer:
        """The answer of `action`, or that of the first request with the key, for whose end this waits.

        From the action's first transaction on, all that it does and the keeping of its answer are one transaction: a
        server that dies leaves both or nothing. What takes its time comes before it, where two requests with one key
        may both be; after it nothing may wait but for the database. An action that raises leaves the key free, so that
        the request can be corrected or repeated. Raises KeyReusedError and what `action` raises.
        """
        kept = self._find(scope, key, fingerprint)
        if kept is not None:
            return kept
        with self._store.keeping_late(), ExitStack() as opened:

            def begin() -> None:
                opened.enter_context(self._store.transaction())
                first = self._store.idempotency.begin(scope, key, fingerprint, self._context.clock.now())
                if not first and (earlier := self._find(scope, key, fingerprint)) is not None:
                    raise _AlreadyAnsweredError(earlier)

            try:
                with self._store.before_transaction(begin):
                    answer = action()
            except _AlreadyAnsweredError as found:
                return found.answer
            self._store.idempotency.finish(scope, key, answer.status, answer.body)
        return answer

    def _find(self, scope: str, key: str, fingerprint: str) -> Answer | None:
        """What the first request with the key was answered, if it was. Raises KeyReusedError."""
        found = self._store.idempotency.find(scope, key)
        if found is None:
            return None
        if found[0] != fingerprint:
            raise KeyReusedError(
                "this Idempotency-Key came with another request before", hint="make a new key for each request"
            )
        return Answer(status=found[1], body=found[2])
