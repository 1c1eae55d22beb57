"""Messages: by a type built into the worker, or by a command."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.plan import Command, Notification, NotificationType, NotifyStep
from pikoci.internal.worker.notifications.model import Message
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.environment import parameters
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, errored


def notify(context: BuildContext, step: NotifyStep, scope: Scope, log: StepLog) -> Outcome:
    """Send a message, once. Raises StepError and OSError."""
    notification = _notification(context.assignment.notifications, step.notification)
    kind = _type(context.assignment.notification_types, notification.type)
    message = _message(context, step, scope, notification)
    if not context.notifiers.send:
        log.note(f"not sent, without --notify: {message.text()}")
        return SUCCESS
    if kind.notify is not None:
        return _command(context, kind.notify, scope, message, log)
    context.notifiers.deliver(kind.builtin, message)
    log.note("sent")
    return SUCCESS


def pause_before(context: BuildContext, failures: int, lifetime: Lifetime) -> None:
    """Wait before a message is tried again, the longer the more `failures` there were: the other side may be down."""
    pauses = context.settings.notify_pauses
    if pauses:
        lifetime.stopped.wait(pauses[min(failures, len(pauses)) - 1])


def _message(context: BuildContext, step: NotifyStep, scope: Scope, notification: Notification) -> Message:
    build, variables = context.assignment.build, scope.known
    template = step.message or notification.message
    params, values, template = context.secrets.fill([notification.params, step.params, template], scope.lifetime)
    return Message(
        notification=notification.canonical,
        params=params,
        values=values,
        template=template,
        build=build,
        status=variables.get("BUILD_STATUS", BuildStatus.STARTED.value),
        delivery=f"{build.id}-{context.assignment.claim}-{step.id}",
        now=context.clock.now(),
        variables=variables,
        masker=Masker(context.masks),
        lifetime=scope.lifetime,
        plain=context.text,
    )


def _command(context: BuildContext, command: Command, scope: Scope, message: Message, log: StepLog) -> Outcome:
    lines = context.command_lines(scope.lifetime)
    own = parameters("param", message.params) | parameters("notify", message.values)
    own["NOTIFY_MESSAGE"] = message.text() if message.template or message.plain else ""
    visible = {**scope.variables, **lines.parameters(command), **own}
    argv = lines.argv(command, visible)
    env = {**context.base_environment(), **visible}
    return context.commands.run(argv, env, context.workspace.work, scope.lifetime, log.write)


def _notification(known: Sequence[Notification], canonical: str) -> Notification:
    for notification in known:
        if notification.canonical == canonical:
            return notification
    raise StepError(errored(f'the plan names the notification "{canonical}" but does not hold it'))


def _type(known: Sequence[NotificationType], name: str) -> NotificationType:
    for kind in known:
        if kind.name == name:
            return kind
    return NotificationType(name=name, builtin=name)
