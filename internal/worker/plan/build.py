"""A build from its assignment to its last event."""

from __future__ import annotations

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.worker.plan.sequence import StepRunner
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import Outcome
from pikoci.internal.worker.tools.scope import CauseKind

_BUILD_STATUS = {
    StepStatus.SUCCEEDED: BuildStatus.SUCCEEDED,
    StepStatus.FAILED: BuildStatus.FAILED,
    StepStatus.CANCELLED: BuildStatus.CANCELLED,
    StepStatus.ERRORED: BuildStatus.ERRORED,
}


def run_plan(context: BuildContext) -> BuildFinished | BuildReturned:
    """Run the whole plan with the job's hooks, and return the event that ends the claim.

    The job's `timeout` bounds the steps. Then, as after a cancellation, `on_cancel` and `ensure` still run.
    """
    runner = StepRunner(context)
    job, control = context.assignment.job, context.control
    with control.plan.nested(job.timeout, "the job") as scope:
        outcome = runner.run_all(job.steps, scope)
        # Once the steps are done their time limit is met; only a cancellation may still stop the job's hooks.
        hooks_scope = control.plan if scope.cause is None else scope
        scope.release()
        outcome = runner.run_hooks(job.hooks, outcome, hooks_scope, of_job=True)
    return _last_event(context, outcome)


def _last_event(context: BuildContext, outcome: Outcome) -> BuildFinished | BuildReturned:
    at = context.clock.now()
    cause = context.control.plan.cause
    if cause is not None and cause.kind in {CauseKind.RETURNED, CauseKind.ABANDONED}:
        return BuildReturned(at=at, reason=cause.reason)
    if cause is not None:
        return BuildFinished(status=BuildStatus.CANCELLED, at=at, reason=cause.reason)
    reason = Masker(context.masks).mask_text(outcome.reason)
    return BuildFinished(status=_BUILD_STATUS[outcome.status], at=at, reason=reason)
