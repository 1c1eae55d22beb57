"""The services of a build: started before its steps, stopped after its hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import gevent

from pikoci.internal.domain.build import StepStatus
from pikoci.internal.domain.events import StepFinished, StepStarted
from pikoci.internal.worker.steps.builtin_service import open_service
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.service import RunningService
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.lifetime import Cause, CauseKind, timed_out
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, disk_trouble

_SKIPPED = "an earlier service is not there"


class Services:
    """Starts and stops the services of one build, and reports each start, ready check and stop as a step.

    Whoever calls `start` calls `stop`, whatever happened: that stops each service whose start was begun, in the reverse
    order. `Masker`s made after the constructor know the passwords of built-in services.
    """

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._all = [open_service(context, service) for service in context.assignment.job.services]
        self._begun: list[RunningService] = []

    def start(self, scope: Scope) -> Outcome:
        """Start them one after another, and wait until all are ready; the first that is not there is the outcome."""
        outcome = SUCCESS
        for service in self._all:
            if not outcome.ok:
                self._skipped(service, "start")
                continue
            self._begun.append(service)
            outcome = self._step(service, "start", service.id, partial(service.start, scope))
        checked = [service for service in self._all if service.has_check]
        if outcome.ok:
            return self._await_ready(checked, scope)
        for service in checked:
            self._skipped(service, "ready")
        return outcome

    def stop(self, scope: Scope) -> None:
        """Stop what was started, the last first. What fails is told in its log, and changes nothing else."""
        if not self._begun:
            return
        control = self._context.control
        with control.services.nested() as lifetime:
            lifetime.limit(control.stop_budget, timed_out(control.stop_budget, "stopping the services"))
            for number, service in enumerate(reversed(self._begun), 1):
                with scope.nested(lifetime=lifetime) as inside:
                    self._step(service, "stop", str(number), partial(service.stop, inside))

    def _await_ready(self, services: Sequence[RunningService], scope: Scope) -> Outcome:
        """Wait for all of them side by side; one that does not become ready ends the wait for the others."""
        failures: list[Outcome] = []

        def wait(service: RunningService) -> None:
            outcome = self._step(service, "ready", service.id, partial(service.await_ready, together))
            if not outcome.ok:
                failures.append(outcome)
                together.lifetime.stop(Cause(CauseKind.CANCELLED, f'the service "{service.name}" is not ready'))

        with scope.nested() as together:
            gevent.joinall([gevent.spawn(wait, service) for service in services], raise_error=True)
        return failures[0] if failures else SUCCESS

    def _step(self, service: RunningService, part: str, number: str, work: Callable[[StepLog], Outcome]) -> Outcome:
        """Do a part of a service's life as a step. The reason of the outcome names the service."""
        context, step = self._context, f"{part}/{number}"
        log = context.open_log(step)
        self._emit(StepStarted(step=step, name=f"{service.name}:{part}", kind="service", at=context.clock.now()))
        try:
            outcome = work(log)
        except StepError as error:
            outcome = error.outcome
        except OSError as error:
            outcome = disk_trouble(error, context.workspace.work)
        log.finish()
        reason = Masker(context.masks).mask_text(outcome.reason)
        self._emit(
            StepFinished(
                step=step,
                status=outcome.status,
                at=context.clock.now(),
                exit_code=outcome.exit_code,
                reason=reason,
            )
        )
        if outcome.ok or outcome.cause is not None:
            return outcome
        return Outcome(outcome.status, f'service "{service.name}": {outcome.reason}', outcome.exit_code)

    def _skipped(self, service: RunningService, part: str) -> None:
        self._emit(
            StepFinished(
                step=f"{part}/{service.id}",
                name=f"{service.name}:{part}",
                kind="service",
                status=StepStatus.SKIPPED,
                at=self._context.clock.now(),
                reason=_SKIPPED,
            )
        )

    def _emit(self, event: StepStarted | StepFinished) -> None:
        self._context.reporter.emit(event)
