"""What of a pipeline a worker needs for one job or check, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

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
    Secrets,
    Step,
    TaskStep,
)
from pikoci.internal.domain.secret_text import references


def job_resources(spec: PipelineSpec, plan: JobPlan) -> list[Resource]:
    """The resources that steps of the job get or put, hooks included."""
    names = {step.resource for step in all_steps(plan) if isinstance(step, GetStep | PutStep)}
    return [resource for resource in spec.resources if resource.canonical in names]


def types_of(spec: PipelineSpec, resources: list[Resource]) -> list[ResourceType]:
    """The types of these resources."""
    names = {resource.type for resource in resources}
    return [kind for kind in spec.resource_types if kind.name in names]


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


def job_runners(spec: PipelineSpec, plan: JobPlan, types: list[ResourceType], secrets: Secrets) -> list[RunnerType]:
    """The user-defined runners that commands of the job, of these types and of these secrets' stores use."""
    commands = [step.run for step in all_steps(plan) if isinstance(step, TaskStep)]
    commands += [hook.command for hook in _all_hooks(plan) if hook.command]
    return runners_of(spec, types, secrets, commands)


def runners_of(
    spec: PipelineSpec, types: list[ResourceType], secrets: Secrets, commands: list[Command]
) -> list[RunnerType]:
    """The user-defined runners that these commands, the types' and those of the secrets' stores use."""
    own = [command for kind in types for command in (kind.check, kind.pull, kind.push) if command]
    own += [kind.get for kind in secrets.types if kind.get]
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
