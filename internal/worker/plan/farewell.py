"""The messages that the end of a build sends by itself."""

from __future__ import annotations

import msgspec

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.domain.plan import Notification, NotifyStep
from pikoci.internal.worker.plan.sequence import StepRunner
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.lifetime import CauseKind

#: What `on` calls the ends of a build.
_EVENTS = {
    BuildStatus.SUCCEEDED: "success",
    BuildStatus.WARNING: "success",
    BuildStatus.FAILED: "failure",
    BuildStatus.CANCELLED: "cancel",
    BuildStatus.ERRORED: "error",
}
_TOGETHER = 300.0  # seconds


def send_farewell(
    context: BuildContext, runner: StepRunner, scope: Scope, last: BuildFinished | BuildReturned
) -> BuildFinished | BuildReturned:
    """Send what `last` calls for, and return the event that ends the claim: another one only if the claim was lost.

    A cancellation that comes meanwhile changes nothing any more: the end was told. Killed before that event is
    delivered, the build runs again and may tell of two ends.
    """
    if isinstance(last, BuildReturned):
        return last
    status = context.assignment.job.ends_as(last.status)
    if not (due := _due(context, status)):
        return last
    with (
        context.control.farewell.nested(_TOGETHER, "the notifications") as lifetime,
        scope.nested(lifetime=lifetime, given={"BUILD_STATUS": status.value}) as inside,
    ):
        for number, notification in enumerate(due, 1):
            runner.run(_step(context, number, notification), inside)
    cause = context.control.farewell.cause
    at = context.clock.now()
    if cause is not None and cause.kind in {CauseKind.RETURNED, CauseKind.ABANDONED}:
        return BuildReturned(at=at, reason=cause.reason)
    return msgspec.structs.replace(last, at=at)


def _due(context: BuildContext, status: BuildStatus) -> list[Notification]:
    event, job = _EVENTS[status], context.assignment.job.name
    return [found for found in context.assignment.notifications if found.covers(job) and {event, "all"} & {*found.on}]


def _step(context: BuildContext, number: int, notification: Notification) -> NotifyStep:
    settings = context.settings
    return NotifyStep(
        id=f"notify/{number}",
        name=notification.name,
        notification=notification.canonical,
        timeout=settings.notify_timeout,
        attempts=len(settings.notify_pauses) + 1,
    )
