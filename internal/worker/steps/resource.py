"""Gets and puts: a version of a resource on its way in or out."""

from __future__ import annotations

from pikoci.internal.domain.events import VersionProduced
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.plan import GetStep, PutStep, Resource, ResourceType
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.versions import refuse_secrets
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.caches import cache_dir
from pikoci.internal.worker.tools.environment import exported
from pikoci.internal.worker.tools.outcome import StepError, errored


def get(context: BuildContext, step: GetStep, scope: Scope, log: StepLog) -> None:
    """Fetch the version that the server chose. Raises StepError and OSError."""
    version = context.assignment.inputs.get(step.name)
    if version is None:
        raise StepError(errored(f'the server chose no version for the get "{step.name}"'))
    call = _call(context, step, scope, log)
    context.resource_types.handler(step.resource, call.type).pull(call, version)
    scope.export(exported("GET", step.name, version))


def put(context: BuildContext, step: PutStep, scope: Scope, log: StepLog) -> None:
    """Publish, report the versions that this made, and export the last. Raises StepError and OSError."""
    call = _call(context, step, scope, log)
    versions = context.resource_types.handler(step.resource, call.type).push(call)
    for version in versions:
        refuse_secrets(version, call.command_lines.masker)
    for version in versions:
        known: dict[str, str] = dict(*call.descriptions.of([version], call.command_lines.masker))
        context.reporter.emit(VersionProduced(put=step.name, resource=step.resource, version=version, metadata=known))
    if versions:
        scope.export(exported("PUT", step.name, versions[-1]))


def _call(context: BuildContext, step: GetStep | PutStep, scope: Scope, log: StepLog) -> ResourceCall:
    build, claim = context.assignment.build, context.assignment.claim
    resource = _resource(context, step.resource)
    kind = _resource_type(context, resource.type)
    params = {**resource.params, **step.params} if isinstance(step, GetStep) else resource.params
    put_params = step.params if isinstance(step, PutStep) else {}
    return ResourceCall(
        resource=resource,
        type=kind,
        name=step.name,
        params=context.secrets.fill_params(params, resource, kind, scope.lifetime),
        put_params=context.secrets.fill(put_params, scope.lifetime),
        lifetime=scope.lifetime,
        workspace=context.workspace,
        commands=context.commands,
        command_lines=context.command_lines(scope.lifetime),
        gateway=context.gateway,
        clock=context.clock,
        settings=context.settings,
        environment=context.base_environment(),
        see=lambda: scope.variables,
        on_output=log.write,
        cache_dir=cache_dir(context.settings.workdir / "cache", build.team, build.pipeline, resource),
        team=build.team,
        user=context.workspace.user,
        build=build,
        claim=ClaimRef(id=build.id, claim=claim),
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
