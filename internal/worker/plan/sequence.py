"""Steps with their attempts, time limits and hooks, in order."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.build import StepStatus
from pikoci.internal.domain.events import StepFinished, StepStarted
from pikoci.internal.domain.plan import Command, Hook, Hooks, NotifyStep, Step
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.kinds import act, kind_of
from pikoci.internal.worker.steps.notify import pause_before
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.task import run_command
from pikoci.internal.worker.tools.lifetime import CauseKind
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, disk_trouble, stopped


class StepRunner:
    """Runs steps and hooks of one build, and reports each."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._masker = Masker(context.masks)

    def run_all(self, steps: Sequence[Step], scope: Scope) -> Outcome:
        """Run steps until one does not succeed; the rest are reported as skipped. The first failure is the outcome."""
        for place, step in enumerate(steps):
            outcome = self.run(step, scope)
            if not outcome.ok:
                for later in steps[place + 1 :]:
                    self._skipped(later)
                return outcome
        return SUCCESS

    def run(self, step: Step, scope: Scope) -> Outcome:
        """Run one step with its attempts and hooks. The reason of the outcome names the step."""
        with scope.with_env(step.env) as inside:
            outcome = self._attempts(step, inside)
            if not outcome.ok and (scope.cause is None or outcome.cause is not scope.cause):
                outcome = _named(f'{kind_of(step)} "{step.name}"', outcome)
            outcome = self.run_hooks(step.hooks, outcome, inside)
        # What could not be sent is shown, and changes nothing else.
        return SUCCESS if isinstance(step, NotifyStep) and scope.cause is None else outcome

    def run_hooks(self, hooks: Hooks, outcome: Outcome, scope: Scope, *, of_job: bool = False) -> Outcome:
        """Run the hooks that `outcome` calls for, and return the outcome: another one only where `scope` was stopped.

        A hook that fails is reported, and changes nothing else. `on_success` and `on_failure` belong to what is running
        and stop with it; `on_cancel` and `ensure` are clean-up and outlast a cancellation or a time limit of `scope`.
        """
        if scope.cause is None:
            chosen = (hooks.on_success, "on_success") if outcome.ok else (hooks.on_failure, "on_failure")
            self._hooks(*chosen, outcome, scope, of_job=of_job)
        control = self._context.control
        if scope.cause is not None and control.cleanup.cause is None:
            if outcome.ok or outcome.cause is not scope.cause:
                outcome = stopped(scope.cause)
            if scope.cause.kind is CauseKind.TIMEOUT:
                control.limit_cleanup()
            self._hooks(hooks.on_cancel, "on_cancel", outcome, scope, of_job=of_job, cleanup=True)
        if control.cleanup.cause is None:
            self._hooks(hooks.ensure, "ensure", outcome, scope, of_job=of_job, cleanup=True)
        return outcome

    def _attempts(self, step: Step, scope: Scope) -> Outcome:
        context = self._context
        log = context.open_log(step.id)
        outcome = SUCCESS
        for number in range(1, max(1, step.attempts) + 1):
            self._started(step.id, step.name, kind_of(step), number)
            if number > 1:
                log.note(f"attempt {number}/{step.attempts}")
            with scope.nested(step.timeout) as attempt:
                outcome = act(context, step, attempt, log)
            if outcome.ok or scope.cause is not None:
                break
            if number < step.attempts:
                log.note(f"attempt {number}/{step.attempts} did not succeed: {outcome.reason}")
                if isinstance(step, NotifyStep):
                    pause_before(context, number, scope.lifetime)
        if isinstance(step, NotifyStep) and not outcome.ok:
            log.note(f"not sent, which changes nothing else: {outcome.reason}")
        log.finish()
        self._finished(step.id, outcome)
        return outcome

    def _hooks(
        self, hooks: list[Hook], name: str, outcome: Outcome, scope: Scope, *, of_job: bool, cleanup: bool = False
    ) -> None:
        lifetime = self._context.control.cleanup if cleanup else scope.lifetime
        for hook in hooks:
            if lifetime.cause is not None:
                break
            status = {"BUILD_STATUS": outcome.status.value} if of_job else {}
            with scope.nested(lifetime=lifetime, given={**hook.env, **status}) as inside:
                if hook.command is None:
                    self.run_all(hook.steps, inside)
                else:
                    self._hook_command(hook, hook.command, name, inside)

    def _hook_command(self, hook: Hook, command: Command, name: str, scope: Scope) -> None:
        context = self._context
        log = context.open_log(hook.id)
        self._started(hook.id, name, "hook")
        try:
            outcome, _ = run_command(context, command, scope, log)
        except StepError as error:
            outcome = error.outcome
        except OSError as error:
            outcome = disk_trouble(error, context.workspace.work)
        if not outcome.ok:
            log.note(f"the {name} hook did not succeed, which changes nothing else: {outcome.reason}")
        log.finish()
        self._finished(hook.id, outcome)

    def _started(self, step: str, name: str, kind: str, number: int = 1) -> None:
        at = self._context.clock.now()
        self._context.reporter.emit(StepStarted(step=step, name=name, kind=kind, at=at, try_number=number))

    def _skipped(self, step: Step) -> None:
        """Report a step that never starts, with the name and kind that its start would have told."""
        self._context.reporter.emit(
            StepFinished(
                step=step.id,
                name=step.name,
                kind=kind_of(step),
                status=StepStatus.SKIPPED,
                at=self._context.clock.now(),
                reason="an earlier step did not succeed",
            )
        )

    def _finished(self, step: str, outcome: Outcome) -> None:
        self._context.reporter.emit(
            StepFinished(
                step=step,
                status=outcome.status,
                at=self._context.clock.now(),
                exit_code=outcome.exit_code,
                reason=self._masker.mask_text(outcome.reason),
            )
        )


def _named(what: str, outcome: Outcome) -> Outcome:
    """`outcome` with its reason led by what it is about; a hook's own time limit or cancellation ends nothing else."""
    separator = " " if outcome.cause is not None and outcome.cause.kind is CauseKind.TIMEOUT else ": "
    return Outcome(outcome.status, f"{what}{separator}{outcome.reason}", outcome.exit_code)
