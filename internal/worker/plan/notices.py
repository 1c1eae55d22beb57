"""The messages about a new version, which the first build of it sends before it starts anything."""

from __future__ import annotations

import msgspec

from pikoci.internal.worker.plan.sequence import StepRunner
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.environment import exported
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, stopped

_TOGETHER = 60.0  # seconds: the build waits for them


def send_notices(context: BuildContext, runner: StepRunner, scope: Scope) -> Outcome:
    """Send them, each tried as often as other messages. What cannot be sent is shown, and changes nothing else.

    They see the versions that the build will get. The outcome is a success unless `scope` was stopped meanwhile.
    """
    notices, settings = context.assignment.job.on_trigger, context.settings
    if not notices:
        return SUCCESS
    given: dict[str, str] = {}
    for get, version in context.assignment.inputs.items():
        given |= exported("GET", get, version)
    with scope.nested(_TOGETHER, "the messages of on_trigger", given=given) as inside:
        for step in notices:
            timeout = step.timeout or settings.notify_timeout
            attempts = max(step.attempts, len(settings.notify_pauses) + 1)
            runner.run(msgspec.structs.replace(step, timeout=timeout, attempts=attempts), inside)
    return SUCCESS if scope.cause is None else stopped(scope.cause)
