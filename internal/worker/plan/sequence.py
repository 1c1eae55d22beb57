"""Steps with their attempts, time limits and hooks, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pikoci.internal.domain.build import StepStatus
from pikoci.internal.domain.events import StepFinished, StepStarted
from pikoci.internal.domain.plan import (
    Command,
    ConditionStep,
    Hook,
    Hooks,
    InParallelStep,
    NotifyStep,
    Step,
    walk_steps,
)
from pikoci.internal.worker.plan.choice import Choice
from pikoci.internal.worker.plan.parallel import Parallel
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.kinds import act, kind_of, shown_name, title_of
from pikoci.internal.worker.steps.notify import pause_before
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.steps.task import run_command
from pikoci.internal.worker.tools.lifetime import CauseKind, Lifetime, limit_hooks
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, disk_trouble, stopped


class StepRunner:
    """Runs steps and hooks of one build, and reports each."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._masker = Masker(context.masks)
        self._tries: Counter[str] = Counter()

    def run_all(self, steps: Sequence[Step], scope: Scope) -> Outcome:
        """Run steps until one does not succeed; the rest are reported as skipped. The first failure is the outcome."""
        choice = Choice(scope, self._masker)
        for place, step in enumerate(steps):
            if isinstance(step, ConditionStep) and (reason := choice.refusal(step)):
                self.skip(step, reason, "its branch was not taken")
                continue
            outcome = self.run(step, scope)
            if not outcome.ok:
                for later in steps[place + 1 :]:
                    self.skip(later, "an earlier step did not succeed")
                return outcome
        return SUCCESS

    def skip_all(self, steps: Sequence[Step], outcome: Outcome) -> Outcome:
        """Report all as skipped, for what `outcome` tells, which is returned."""
        for step in steps:
            self.skip(step, "an earlier step did not succeed")
        return outcome

    def run(
        self, step: Step, scope: Scope, note: str = "", on_outcome: Callable[[Outcome], None] = lambda _: None
    ) -> Outcome:
        """Run one step with its attempts and hooks. The reason of the outcome names the step.

        Its log begins with `note`, if given. `on_outcome` is told how its attempts ended, before any hook runs.
        """
        with scope.with_env(step.env) as inside:
            outcome = self._attempts(step, inside, note)
            is_own = scope.cause is None or outcome.cause is not scope.cause
            if not outcome.ok and is_own and not isinstance(step, ConditionStep):
                outcome = _named(title_of(step), outcome)
            # What could not be sent is shown, and changes nothing else.
            is_harmless = isinstance(step, NotifyStep) and scope.cause is None
            on_outcome(SUCCESS if is_harmless else outcome)
            outcome = self.run_hooks(step.hooks, outcome, inside)
        return SUCCESS if isinstance(step, NotifyStep) and scope.cause is None else outcome

    def skip(self, step: Step, reason: str, reason_inside: str = "") -> None:
        """Report a step, and those inside it, as never started, with the name and kind that its start would tell."""
        for one in walk_steps([step]):
            self._context.reporter.emit(
                StepFinished(
                    step=one.id,
                    name=self._masker.mask_text(shown_name(one)),
                    kind=kind_of(one),
                    status=StepStatus.SKIPPED,
                    at=self._context.clock.now(),
                    reason=reason if one is step else reason_inside or reason,
                )
            )

    def run_hooks(self, hooks: Hooks, outcome: Outcome, scope: Scope, *, of_job: bool = False) -> Outcome:
        """Run the hooks that `outcome` calls for, and return the outcome: another one only where `scope` was stopped.

        A hook that fails is reported, and changes nothing else. `on_success` and `on_failure` belong to what is running
        and stop with it; `on_cancel` and `ensure` are clean-up and outlast a cancellation or a time limit of `scope`.
        """
        if scope.cause is None:
            chosen = (hooks.on_success, "on_success") if outcome.ok else (hooks.on_failure, "on_failure")
            self._hooks(*chosen, outcome, scope, of_job=of_job)
        cleanup = self._cleanup(scope)
        if scope.cause is not None and cleanup.cause is None:
            if outcome.ok or outcome.cause is not scope.cause:
                outcome = stopped(scope.cause)
            if scope.cause.kind is CauseKind.TIMEOUT:
                limit_hooks(cleanup, self._context.control.hook_budget)
            self._hooks(hooks.on_cancel, "on_cancel", outcome, scope, of_job=of_job, cleanup=True)
        if cleanup.cause is None:
            self._hooks(hooks.ensure, "ensure", outcome, scope, of_job=of_job, cleanup=True)
        return outcome

    def _attempts(self, step: Step, scope: Scope, note: str) -> Outcome:
        log = self._context.open_log(step.id)
        outcome = SUCCESS
        for number in range(1, max(1, step.attempts) + 1):
            self._started(step.id, shown_name(step), kind_of(step))
            if number > 1:
                note = f"attempt {number}/{step.attempts}"
            if note:
                log.note(note)
            with scope.nested(step.timeout) as attempt:
                outcome = self._act(step, attempt, scope, log, note)
                again = not outcome.ok and scope.cause is None and number < step.attempts
                if again:
                    attempt.forget()
            if not again:
                break
            log.note(f"attempt {number}/{step.attempts} did not succeed: {outcome.reason}")
            if isinstance(step, NotifyStep):
                pause_before(self._context, number, scope.lifetime)
        if isinstance(step, NotifyStep) and not outcome.ok:
            log.note(f"not sent, which changes nothing else: {outcome.reason}")
        log.finish()
        self._finished(step.id, outcome)
        return outcome

    def _act(self, step: Step, attempt: Scope, scope: Scope, log: StepLog, note: str) -> Outcome:
        if isinstance(step, ConditionStep):
            return self.run_all(step.steps, attempt)
        if isinstance(step, InParallelStep):
            return Parallel(self, step, attempt, scope, self._context.control, note).run()
        return act(self._context, step, attempt, log)

    def _cleanup(self, scope: Scope) -> Lifetime:
        """The lifetime of the hooks that outlast a scope."""
        return scope.cleanup or self._context.control.cleanup

    def _hooks(
        self, hooks: list[Hook], name: str, outcome: Outcome, scope: Scope, *, of_job: bool, cleanup: bool = False
    ) -> None:
        lifetime = self._cleanup(scope) if cleanup else scope.lifetime
        for hook in hooks:
            if lifetime.cause is not None:
                break
            status = {"BUILD_STATUS": outcome.status.value} if of_job else {}
            with scope.nested(lifetime=lifetime, given=status, env=hook.env) as inside:
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

    def _started(self, step: str, name: str, kind: str) -> None:
        """Report the start of the next try. A step inside a block has had some when the block is repeated."""
        self._context.secrets.forget()  # what begins reads its secrets anew
        self._tries[step] += 1
        at, number = self._context.clock.now(), self._tries[step]
        event = StepStarted(step=step, name=self._masker.mask_text(name), kind=kind, at=at, try_number=number)
        self._context.reporter.emit(event)

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
