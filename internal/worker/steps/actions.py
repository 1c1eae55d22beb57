"""What the kinds of steps do, once: without attempts, time limits and hooks."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.domain.events import VersionProduced
from pikoci.internal.domain.plan import Command, GetStep, PutStep, Resource, ResourceType, Step, TaskStep
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.versions import refuse_secrets
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.exports import read_exports
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.caches import cache_dir
from pikoci.internal.worker.tools.environment import exported
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, disk_trouble, errored
from pikoci.internal.worker.tools.scope import Scope


def act(context: BuildContext, step: Step, scope: Scope, log: StepLog) -> Outcome:
    """Do what a step says, once. A disk that is full or files that are gone end the step, not the worker."""
    try:
        match step:
            case TaskStep():
                return _task(context, step, scope, log)
            case GetStep():
                return _get(context, step, scope, log)
            case PutStep():
                return _put(context, step, scope, log)
    except StepError as error:
        return error.outcome
    except OSError as error:
        return disk_trouble(error, context.workspace.work)


def run_command(context: BuildContext, command: Command, scope: Scope, log: StepLog) -> tuple[Outcome, Path]:
    """Run one command in the work directory; also the path of its `$PIKOCI_OUTPUT`. Raises StepError and OSError."""
    output = context.workspace.private_path(".out")
    visible = context.visible_variables()
    argv = context.runners().argv(command, visible)
    env = {**context.base_environment(), **visible, "PIKOCI_OUTPUT": str(output)}
    return context.commands.run(argv, env, context.workspace.work, scope, log.write), output


def _task(context: BuildContext, step: TaskStep, scope: Scope, log: StepLog) -> Outcome:
    _require_inputs(context, step.inputs)
    for name in step.outputs:
        _inside(context, name)
        context.workspace.make_directory(name)
    outcome, output = run_command(context, step.run, scope, log)
    if outcome.ok:
        user = context.workspace.user
        values = read_exports(output, context.settings.export_limit, user.uid if user else None)
        context.exports.update(exported("TASK", step.name, values))
    return outcome


def _require_inputs(context: BuildContext, names: list[str]) -> None:
    for name in names:
        _inside(context, name)
    missing = [name for name in names if not context.workspace.has_directory(name)]
    if missing:
        there = context.workspace.directories()
        have = ", ".join(there) or "no directories"
        raise StepError(errored(f"missing inputs: {', '.join(missing)}; the work directory holds {have}"))


def _inside(context: BuildContext, name: str) -> Path:
    try:
        return context.workspace.inside(name)
    except ValueError as error:
        raise StepError(errored(str(error))) from error


def _get(context: BuildContext, step: GetStep, scope: Scope, log: StepLog) -> Outcome:
    version = context.assignment.inputs.get(step.name)
    if version is None:
        raise StepError(errored(f'the server chose no version for the get "{step.name}"'))
    call = _call(context, step.resource, step, scope, log)
    context.resource_types.handler(step.resource, call.type).pull(call, version)
    context.exports.update(exported("GET", step.name, version))
    return SUCCESS


def _put(context: BuildContext, step: PutStep, scope: Scope, log: StepLog) -> Outcome:
    call = _call(context, step.resource, step, scope, log)
    version = context.resource_types.handler(step.resource, call.type).push(call)
    if version is not None:
        refuse_secrets(version, call.runners.masker)
        context.reporter.emit(VersionProduced(put=step.name, resource=step.resource, version=version))
    return SUCCESS


def _call(context: BuildContext, canonical: str, step: GetStep | PutStep, scope: Scope, log: StepLog) -> ResourceCall:
    resource = _resource(context, canonical)
    own = step.params if isinstance(step, GetStep) else {}
    return ResourceCall(
        resource=resource,
        type=_resource_type(context, resource.type),
        name=step.name,
        params={**resource.params, **own},
        put_params=step.params if isinstance(step, PutStep) else {},
        scope=scope,
        workspace=context.workspace,
        commands=context.commands,
        runners=context.runners(),
        gateway=context.gateway,
        clock=context.clock,
        settings=context.settings,
        environment=context.base_environment(),
        visible=context.visible_variables(),
        on_output=log.write,
        cache_dir=cache_dir(
            context.cache_root, context.assignment.build.team, context.assignment.build.pipeline, resource
        ),
        team=context.assignment.build.team,
        user=context.workspace.user,
        build=context.assignment.build,
        claim=context.ref,
    )


def _resource(context: BuildContext, canonical: str) -> Resource:
    for resource in context.assignment.resources:
        if resource.canonical == canonical:
            return resource
    raise StepError(errored(f'the plan names the resource "{canonical}" but does not hold it'))


def _resource_type(context: BuildContext, name: str) -> ResourceType:
    for kind in context.assignment.resource_types:
        if kind.name == name:
            return kind
    return ResourceType(name=name, builtin=name)
