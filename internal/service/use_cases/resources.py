"""Showing, checking and pinning resources."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import Build, InputChoice
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.pipeline import Job, Page, Pipeline, ResourceState, Version
from pikoci.internal.domain.queues import CHECKS_QUEUE
from pikoci.internal.service.lifecycle.starting import Starter
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_job, find_pipeline, find_resource, name_of
from pikoci.internal.service.use_cases.audited import audited
from pikoci.internal.service.use_cases.public import public_resource
from pikoci.internal.service.use_cases.views import ResourceView


def _enabling(values: Mapping[str, Any]) -> str:
    return "version.enable" if values["enabled"] else "version.disable"


class ResourceService:
    """Use cases around one resource, named `type.name`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._starter = Starter(context)

    def list(self, principal: Principal, team: str, pipeline: str) -> list[ResourceView]:
        """The pipeline's resources (not archived) with their latest versions."""
        found = find_pipeline(self._store, principal, team, pipeline)
        member = principal.may(team, Role.READ, pipeline)
        states = self._store.resources.list(found.id)
        signed = self._signed(found) if member else frozenset()
        return [self._view(state, principal, found, signed, member=member) for state in states]

    def get(self, principal: Principal, team: str, pipeline: str, resource: str) -> ResourceView:
        """One resource. Raises NotFoundError."""
        found = find_pipeline(self._store, principal, team, pipeline)
        state = find_resource(self._store, found, resource)
        member = principal.may(team, Role.READ, pipeline)
        signed = self._signed(found) if member else frozenset()
        return self._view(state, principal, found, signed, member=member)

    @audited("resource.check", "team pipeline resource")
    def check(self, principal: Principal, team: str, pipeline: str, resource: str) -> None:
        """Check at once (role write). A check that runs already is followed by another one."""
        _, state = self._find(principal, team, pipeline, resource, Role.WRITE)
        self._request(state)

    @audited("resource.pin", "team pipeline resource", tells="version_id")
    def pin(self, principal: Principal, team: str, pipeline: str, resource: str, version_id: int) -> None:
        """Offer only this version from now on (role write). Raises NotFoundError for a version of another resource."""
        _, state = self._find(principal, team, pipeline, resource, Role.WRITE)
        version = self._version(state, version_id)
        self._change(state, lambda: self._store.resources.set_pin(state.id, version.id))

    @audited("resource.unpin", "team pipeline resource")
    def unpin(self, principal: Principal, team: str, pipeline: str, resource: str) -> None:
        """Undo `pin`. Idempotent."""
        _, state = self._find(principal, team, pipeline, resource, Role.WRITE)
        self._change(state, lambda: self._store.resources.set_pin(state.id, None))

    def versions(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        resource: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Version]:
        """Versions, newest first (role read; never to the public)."""
        _, state = self._find(principal, team, pipeline, resource, Role.READ)
        return self._store.versions.list(state.id, limit=limit, cursor=cursor)

    @audited(_enabling, "team pipeline resource", tells="version_id")
    def set_version_enabled(
        self, principal: Principal, team: str, pipeline: str, resource: str, version_id: int, *, enabled: bool
    ) -> None:
        """Take a version out of use, or bring it back (role write). Idempotent."""
        _, state = self._find(principal, team, pipeline, resource, Role.WRITE)
        version = self._version(state, version_id)
        self._change(state, lambda: self._store.versions.set_disabled(version.id, not enabled))

    @audited("version.trigger", "team pipeline resource", tells="version_id")
    def trigger_version(
        self, principal: Principal, team: str, pipeline: str, resource: str, version_id: int
    ) -> Sequence[Build]:
        """Start a build of every job that gets this resource with `trigger`, with this very version (role write)."""
        found, state = self._find(principal, team, pipeline, resource, Role.WRITE)
        version = self._version(state, version_id)
        if version.disabled:
            raise ConflictError(f"version {version_id} of {resource} is disabled", hint="enable it first")
        started = []
        for plan in self._context.compiled.get(found).spec.jobs:
            fixed = [
                InputChoice(get=step.name, resource_id=state.id, version_id=version.id)
                for step in plan.gets()
                if step.resource == resource and step.trigger
            ]
            if fixed:
                job = find_job(self._store, found, plan.name)
                started.append(self._start(principal, found, job, fixed))
        if not started:
            raise ConflictError(
                f"no job gets {resource} with trigger = true", hint="trigger a job and choose the version as its input"
            )
        return started

    @audited("webhook.rotate", "team pipeline resource")
    def rotate_webhook_token(self, principal: Principal, team: str, pipeline: str, resource: str) -> str:
        """Give the resource a new webhook token (role maintain); the old one is void at once."""
        _, state = self._find(principal, team, pipeline, resource, Role.MAINTAIN)
        token = new_webhook_token()
        with self._store.transaction():
            self._store.resources.set_webhook_token(state.id, token)
        return token

    def _find(
        self, principal: Principal, team: str, pipeline: str, resource: str, role: Role
    ) -> tuple[Pipeline, ResourceState]:
        found = find_pipeline(self._store, principal, team, pipeline, role)
        state = find_resource(self._store, found, resource)
        if state.archived and role is not Role.READ:
            raise ConflictError(f"resource {resource} is no longer in pipeline {pipeline}")
        return found, state

    def _start(self, principal: Principal, pipeline: Pipeline, job: Job, fixed: Sequence[InputChoice]) -> Build:
        with self._store.transaction():
            run = self._starter.run(pipeline, job)
            started = run.start(name_of(principal), fixed)
        self._starter.announce(run, started)
        return self._context.waiting.explain(principal, started[0])

    def _version(self, state: ResourceState, version_id: int) -> Version:
        version = self._store.versions.get(version_id)
        if version is None or version.resource_id != state.id:
            raise NotFoundError(f"{state.canonical} has no version {version_id}")
        return version

    def _request(self, state: ResourceState) -> None:
        with self._store.transaction():
            self._store.resources.request_check(state.id, self._context.clock.now())
        self._context.notify(CHECKS)

    def _change(self, state: ResourceState, change: Callable[[], None]) -> None:
        """Change what the resource offers, and have the jobs looked at that get it."""
        with self._store.transaction():
            change()
            pipeline = self._store.pipelines.get(state.pipeline_id)
            compiled = self._context.compiled.get(pipeline) if pipeline else None
            if compiled is not None and (jobs := compiled.getters.get(state.canonical)):
                self._store.jobs.request_scheduling(compiled.ids(jobs))
        self._context.notify(SCHEDULE)

    def _signed(self, pipeline: Pipeline) -> AbstractSet[str]:
        """The canonical names of the resources whose webhook has a secret."""
        return self._context.compiled.get(pipeline).spec.webhook_secrets.keys()

    def _view(
        self,
        state: ResourceState,
        principal: Principal,
        pipeline: Pipeline,
        signed: AbstractSet[str],
        *,
        member: bool,
    ) -> ResourceView:
        if not member:
            return ResourceView(resource=public_resource(state))
        if not principal.may(pipeline.team, Role.WRITE, pipeline.name):
            state = msgspec.structs.replace(state, webhook_token="")
        pinned = state.pinned_version_id
        return ResourceView(
            resource=state,
            waiting_reason="" if state.check_dispatched_at is None else self._waits(state, pipeline),
            latest=self._store.versions.latest(state.id),
            pinned=self._store.versions.get(pinned) if pinned is not None else None,
            has_webhook_secret=state.canonical in signed,
        )

    def _waits(self, state: ResourceState, pipeline: Pipeline) -> str:
        need = self._context.compiled.get(pipeline).check_need(state.canonical)
        return self._context.fleet.waiting_reason(CHECKS_QUEUE, state.tags, pipeline.team, need)


def new_webhook_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)
