"""The steps of an `in_parallel` block: side by side, each in a greenlet and a scope of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from gevent.pool import Pool

from pikoci.internal.domain.build import StepStatus
from pikoci.internal.domain.plan import InParallelStep, Step
from pikoci.internal.worker.steps.kinds import kind_of, title_of
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.lifetime import BuildControl, Cause, CauseKind, Lifetime, limit_hooks
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, stopped

#: How a block ends: as the first of these that one of its steps has.
_WORST = (StepStatus.FAILED, StepStatus.ERRORED, StepStatus.CANCELLED)
_NAMED = 3  # of its steps stand in the reason of a block


class Runner(Protocol):
    """What runs one step; see `StepRunner`."""

    def run(self, step: Step, scope: Scope, note: str = "", on_outcome: Callable[[Outcome], None] = ...) -> Outcome:
        """Run one step with its attempts and hooks."""

    def skip(self, step: Step, reason: str) -> None:
        """Report a step as never started."""


class Parallel:
    """One attempt of a block. What stops it stops all its steps; with `fail_fast` one that fails stops the others."""

    def __init__(
        self, runner: Runner, step: InParallelStep, attempt: Scope, outer: Scope, control: BuildControl, note: str
    ) -> None:
        """`attempt` is the scope with the block's own time limit, `outer` the one around it.

        The log of each step begins with `note`, if it is not empty.
        """
        self._runner = runner
        self._step = step
        self._attempt = attempt
        self._outer = outer
        self._control = control
        self._note = f"{note} of {kind_of(step)}" if note else ""
        self._lifetimes = [Lifetime() for _ in step.steps]
        self._outcomes: dict[str, Outcome] = {}
        self._error: Exception | None = None
        self._cleanup = Lifetime()

    def run(self) -> Outcome:
        """Run the steps, and return when the last of them and its hooks have ended."""
        with (self._attempt.cleanup or self._control.cleanup).nested() as self._cleanup:
            self._attempt.lifetime.on_stop(self._block_stopped)
            scopes = [self._attempt.beside(lifetime, self._cleanup) for lifetime in self._lifetimes]
            pool = Pool(self._step.limit or None)
            try:
                for step, scope in zip(self._step.steps, scopes, strict=True):
                    pool.spawn(self._run_one, step, scope)  # waits until one may run
            finally:
                pool.join()
        if self._error is not None:
            raise self._error
        for scope in scopes:  # in plan order, so that of two exports of one name always the same one counts
            self._attempt.take_over(scope)
        return self._outcome()

    def _run_one(self, step: Step, scope: Scope) -> None:
        if scope.cause is not None:
            self._runner.skip(step, scope.cause.reason)
            return
        try:
            ended = partial(self._ended, step, scope)
            self._outcomes[step.id] = self._runner.run(step, scope, self._note, ended)
        except Exception as error:  # noqa: BLE001 - raised again by the greenlet of the build
            self._error = self._error or error
            self._stop(Cause(CauseKind.ABANDONED, "an error inside the worker"))

    def _ended(self, step: Step, scope: Scope, outcome: Outcome) -> None:
        """Stop the others if need be, before the hooks of the one that failed take their time."""
        if self._step.fail_fast and not outcome.ok and scope.cause is None:
            limit_hooks(self._cleanup, self._control.hook_budget)
            verb = "failed" if outcome.status is StepStatus.FAILED else "did not succeed"
            cause = Cause(CauseKind.CANCELLED, f"{title_of(step)} {verb}, which stopped the rest")
            self._stop(cause, spare=scope.lifetime)

    def _block_stopped(self) -> None:
        cause = self._attempt.cause
        if cause is not None and self._outer.cause is None:  # the block's own time limit
            limit_hooks(self._cleanup, self._control.hook_budget)
            cause = Cause(CauseKind.CANCELLED, f"{kind_of(self._step)} {cause.reason}")
        if cause is not None:
            self._stop(cause)

    def _stop(self, cause: Cause, spare: Lifetime | None = None) -> None:
        for lifetime in self._lifetimes:
            if lifetime is not spare:
                lifetime.stop(cause)

    def _outcome(self) -> Outcome:
        if self._attempt.cause is not None:
            return stopped(self._attempt.cause)
        ran = [self._outcomes[step.id] for step in self._step.steps if step.id in self._outcomes]
        for status in _WORST:
            if reasons := [outcome.reason for outcome in ran if outcome.status is status]:
                more = [f"and {len(reasons) - _NAMED} more"] if len(reasons) > _NAMED else []
                return Outcome(status, "; ".join(reasons[:_NAMED] + more))
        return SUCCESS
