"""What of a pipeline a worker needs for one job or check, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from pikoci.internal.domain.plan import (
    Command,
    GetStep,
    Hook,
    Hooks,
    JobPlan,
    Notification,
    NotificationType,
    NotifyStep,
    PipelineSpec,
    PutStep,
    Resource,
    ResourceType,
    RunnerType,
    Secrets,
    ServiceType,
    Step,
    TaskStep,
    walk_steps,
)
from pikoci.internal.domain.secret_text import references


class JobExcerpt(NamedTuple):
    """What a worker needs besides the job's plan itself."""

    resources: list[Resource]
    resource_types: list[ResourceType]
    runner_types: list[RunnerType]
    service_types: list[ServiceType]
    notification_types: list[NotificationType]
    notifications: list[Notification]
    secrets: Secrets


class CommandType(Protocol):
    """A type of a pipeline that may be made of commands."""

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""


def as_run(plan: JobPlan) -> JobPlan:
    """The plan without what is about waiting for approval, which its builds have when they run."""
    return msgspec.structs.replace(plan, approvals=[], announcements={})


def job_excerpt(spec: PipelineSpec, plan: JobPlan, *, ends: bool = True) -> JobExcerpt:
    """What of the pipeline belongs to the job, hooks included, and what its end sends unless `ends` is false."""
    resources = job_resources(spec, plan)
    types = types_of(spec, resources)
    notifications = job_notifications(spec, plan, ends=ends)
    notification_types = notification_types_of(spec, notifications)
    services = job_services(spec, plan)
    secrets = secrets_of(spec, plan, resources, types, services, notifications, notification_types, spec.env)
    return JobExcerpt(
        resources=resources,
        resource_types=types,
        runner_types=job_runners(spec, plan, [*types, *services, *notification_types, *secrets.types]),
        service_types=services,
        notification_types=notification_types,
        notifications=notifications,
        secrets=secrets,
    )


def job_resources(spec: PipelineSpec, plan: JobPlan) -> list[Resource]:
    """The resources that steps of the job get or put, hooks included."""
    names = {step.resource for step in all_steps(plan) if isinstance(step, GetStep | PutStep)}
    return [resource for resource in spec.resources if resource.canonical in names]


def types_of(spec: PipelineSpec, resources: list[Resource]) -> list[ResourceType]:
    """The types of these resources."""
    names = {resource.type for resource in resources}
    return [kind for kind in spec.resource_types if kind.name in names]


def job_services(spec: PipelineSpec, plan: JobPlan) -> list[ServiceType]:
    """The types of the job's services."""
    names = {service.type for service in plan.services}
    return [kind for kind in spec.service_types if kind.name in names]


def job_notifications(spec: PipelineSpec, plan: JobPlan, *, ends: bool = True) -> list[Notification]:
    """The notifications that steps of the job name, hooks included, and those that its builds' `ends` may send."""
    named = {step.notification for step in all_steps(plan) if isinstance(step, NotifyStep)}
    return [found for found in spec.notifications if found.canonical in named or (ends and found.covers(plan.name))]


def notification_types_of(spec: PipelineSpec, notifications: list[Notification]) -> list[NotificationType]:
    """The types of these notifications."""
    names = {notification.type for notification in notifications}
    return [kind for kind in spec.notification_types if kind.name in names]


def secrets_of(spec: PipelineSpec, *users: object) -> Secrets:
    """How to get the secrets that stand in the texts of `users`, which are parts of the plan, and those behind them."""
    if not spec.secrets.variables:
        return spec.secrets
    types = {kind.name: kind for kind in spec.secrets.types}
    variables = {variable.name: variable for variable in spec.secrets.variables}
    found: set[str] = set()
    waiting = list(references(msgspec.to_builtins(users)))
    while waiting:
        name = waiting.pop()
        if name in variables and name not in found:
            found.add(name)
            variable = variables[name]
            waiting += references(msgspec.to_builtins((variable, types.get(variable.secret_type))))
    used = {variables[name].secret_type for name in found}
    return Secrets(
        variables=[variable for variable in spec.secrets.variables if variable.name in found],
        types=[kind for kind in spec.secrets.types if kind.name in used],
    )


def job_runners(spec: PipelineSpec, plan: JobPlan, kinds: Iterable[CommandType]) -> list[RunnerType]:
    """The user-defined runners that commands of the job and of these types use."""
    commands = [step.run for step in all_steps(plan) if isinstance(step, TaskStep)]
    commands += [hook.command for hook in _all_hooks(plan) if hook.command]
    return runners_of(spec, kinds, commands)


def runners_of(spec: PipelineSpec, kinds: Iterable[CommandType], commands: Iterable[Command] = ()) -> list[RunnerType]:
    """The user-defined runners that these types and commands use."""
    own = [command for kind in kinds for command in kind.commands]
    names = {command.runner for command in (*commands, *own)}
    return [runner for runner in spec.runner_types if runner.name in names]


def all_steps(plan: JobPlan) -> Iterator[Step]:
    """Every step of the job: its own, and those inside hooks."""
    yield from _walk(plan.on_trigger)
    yield from _walk(plan.steps)
    yield from _steps_of(plan.hooks)


def _walk(steps: Sequence[Step]) -> Iterator[Step]:
    for step in walk_steps(steps):
        yield step
        yield from _steps_of(step.hooks)


def _steps_of(hooks: Hooks) -> Iterator[Step]:
    for hook in _each(hooks):
        yield from _walk(hook.steps)


def _all_hooks(plan: JobPlan) -> Iterator[Hook]:
    yield from _each(plan.hooks)
    for step in all_steps(plan):
        yield from _each(step.hooks)


def _each(hooks: Hooks) -> Iterator[Hook]:
    yield from hooks.on_success
    yield from hooks.on_failure
    yield from hooks.on_cancel
    yield from hooks.ensure
