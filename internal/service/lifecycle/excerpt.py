"""What of a pipeline a worker needs for one job or check, and no more."""

from __future__ import annotations

from collections.abc import Iterator

from pikoci.internal.domain.plan import (
    Command,
    GetStep,
    Hook,
    Hooks,
    JobPlan,
    PipelineSpec,
    PutStep,
    Resource,
    ResourceType,
    RunnerType,
    ServiceType,
    Step,
    TaskStep,
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


def job_runners(spec: PipelineSpec, plan: JobPlan, types: list[ResourceType]) -> list[RunnerType]:
    """The user-defined runners that commands of the job, of these types and of the job's services use."""
    commands = [step.run for step in all_steps(plan) if isinstance(step, TaskStep)]
    commands += [hook.command for hook in _all_hooks(plan) if hook.command]
    for kind in job_services(spec, plan):
        commands += [command for command in (kind.start, kind.stop) if command]
        commands += [kind.ready_check.command] if kind.ready_check else []
    return runners_of(spec, types, commands)


def runners_of(spec: PipelineSpec, types: list[ResourceType], commands: list[Command]) -> list[RunnerType]:
    """The user-defined runners that these commands and the types' commands use."""
    own = [command for kind in types for command in (kind.check, kind.pull, kind.push) if command]
    names = {command.runner for command in (*commands, *own)}
    return [runner for runner in spec.runner_types if runner.name in names]


def all_steps(plan: JobPlan) -> Iterator[Step]:
    """Every step of the job: its own, and those inside hooks."""
    yield from _walk(plan.steps)
    yield from _steps_of(plan.hooks)


def _walk(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
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
