"""Setting, showing and removing pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES
from pikoci.internal.domain.errors import ConflictError, Diagnostic, InvalidError, NotFoundError, TooLargeError
from pikoci.internal.domain.names import MAX_LABEL, PIPELINE
from pikoci.internal.domain.pipeline import (
    JobOverview,
    Page,
    Pipeline,
    PipelineOverview,
    PipelineSource,
    ResourceState,
)
from pikoci.internal.domain.plan import PipelineSpec, Resource, decode_spec, encode_spec
from pikoci.internal.domain.schedule import Cron
from pikoci.internal.pipeline.diff import Change, diff
from pikoci.internal.pipeline.load import load_or_raise
from pikoci.internal.service.lifecycle.checks import next_check, schedule_of
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_pipeline, may_see, require_role
from pikoci.internal.service.use_cases.graph import pipeline_graph
from pikoci.internal.service.use_cases.jobs import recall
from pikoci.internal.service.use_cases.public import public_overviews
from pikoci.internal.service.use_cases.resources import new_webhook_token
from pikoci.internal.service.use_cases.views import Graph, PipelinePlan


class PipelineService:
    """Use cases around a whole pipeline. The file is the wished state; setting it makes it so."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def set(
        self,
        principal: Principal,
        team: str,
        name: str,
        config: str,
        variables: Mapping[str, object],
        *,
        must_be_new: bool = False,
    ) -> tuple[Pipeline, PipelinePlan]:
        """Create or update a pipeline (role maintain); returns it and what that changed.

        A job that disappears is archived with its history and comes back if the job does. Setting the same file and
        variables again changes nothing. Reading a large file takes its time, in a native thread. Raises
        InvalidPipelineError with every diagnostic, TooLargeError, and ConflictError where one of that name is there
        that `must_be_new`.
        """
        require_role(principal, team, Role.MAINTAIN)
        spec, warnings = self._evaluate(name, config, variables)
        source = PipelineSource(config=config, variables=dict(variables), spec=encode_spec(spec))
        with self._store.transaction():
            before = self._store.pipelines.find(team, name)
            if before is not None and must_be_new:
                raise ConflictError(
                    f"team {team} has a pipeline {name} already", hint="PUT to its address to change it"
                )
            known = self._store.pipelines.source(before.id) if before else None
            plan = PipelinePlan(changes=_changes(known, spec), warnings=warnings)
            if before is not None and known == source:
                return before, plan
            pipeline = self._save(team, name, before, source)
            self._reconcile(pipeline, spec)
        self._context.notify(SCHEDULE, CHECKS)
        return pipeline, plan

    def plan(
        self, principal: Principal, team: str, name: str, config: str, variables: Mapping[str, object]
    ) -> PipelinePlan:
        """What `set` would change (role maintain), without changing it. Raises what `set` raises."""
        require_role(principal, team, Role.MAINTAIN)
        spec, warnings = self._evaluate(name, config, variables)
        before = self._store.pipelines.find(team, name)
        known = self._store.pipelines.source(before.id) if before else None
        return PipelinePlan(changes=_changes(known, spec), warnings=warnings)

    def get(self, principal: Principal, team: str, name: str) -> PipelineOverview:
        """A pipeline with its jobs' state. Raises NotFoundError."""
        found = find_pipeline(self._store, principal, team, name)
        return self._overview(principal, found, self._store.jobs.overviews([found.id]).get(found.id, []))

    def list(
        self, principal: Principal, team: str | None, *, limit: int = 50, cursor: str | None = None
    ) -> Page[PipelineOverview]:
        """Pipelines of a team, or of all teams, that the principal may see; by team and name."""
        found = self._visible(principal, team, limit, cursor)
        overviews = self._store.jobs.overviews([pipeline.id for pipeline in found.items])
        items = [self._overview(principal, one, overviews.get(one.id, [])) for one in found.items]
        return Page(items=items, next=found.next)

    def _overview(self, principal: Principal, found: Pipeline, jobs: Sequence[JobOverview]) -> PipelineOverview:
        explained = self._context.waiting.explain_jobs(principal, jobs)
        member = principal.may(found.team, Role.READ)
        return PipelineOverview(pipeline=found, jobs=explained if member else public_overviews(explained))

    def source(self, principal: Principal, team: str, name: str) -> str:
        """The HCL text as it was set (role read; never to the public). Variables are never given back."""
        found = find_pipeline(self._store, principal, team, name, Role.READ)
        return self._store.pipelines.source(found.id).config

    def delete(self, principal: Principal, team: str, name: str) -> None:
        """Remove a pipeline with everything that belongs to it (role admin). Running builds lose their claims."""
        found = find_pipeline(self._store, principal, team, name, Role.ADMIN)
        with self._store.transaction():
            self._store.pipelines.delete(found.id)

    def pause(self, principal: Principal, team: str, name: str) -> None:
        """Start no new builds (role write); checks go on, running builds finish, waiting ones wait. Idempotent."""
        self._set_paused(principal, team, name, paused=True)

    def unpause(self, principal: Principal, team: str, name: str) -> None:
        """Undo `pause`: what waits is looked at, at once. Idempotent."""
        self._set_paused(principal, team, name, paused=False)

    def publish(self, principal: Principal, team: str, name: str) -> None:
        """Show status, graph and logs to everybody (role maintain)."""
        self._set_public(principal, team, name, public=True)

    def unpublish(self, principal: Principal, team: str, name: str) -> None:
        """Undo `publish`."""
        self._set_public(principal, team, name, public=False)

    def graph(self, principal: Principal, team: str, name: str) -> Graph:
        """The pipeline's jobs and resources as nodes and edges, with the jobs' status."""
        found = find_pipeline(self._store, principal, team, name)
        overviews = self._store.jobs.overviews([found.id]).get(found.id, [])
        return pipeline_graph(self._context.compiled.get(found).spec, overviews)

    def _evaluate(
        self, name: str, config: str, variables: Mapping[str, object]
    ) -> tuple[PipelineSpec, Sequence[Diagnostic]]:
        if not PIPELINE.allows(name):
            raise InvalidError(
                f"{name[:MAX_LABEL]!r} cannot be a pipeline's name",
                hint=f"it {PIPELINE.sentence}",
            )
        limit = self._context.settings.max_config_size
        if len(config) > limit:
            raise TooLargeError(f"a pipeline file has at most {limit} bytes")
        now = datetime.fromtimestamp(self._context.clock.now(), UTC)
        return self._context.read_pipeline(load_or_raise, config, variables, filename=f"{name}.hcl", now=now)

    def _save(self, team: str, name: str, before: Pipeline | None, source: PipelineSource) -> Pipeline:
        now = self._context.clock.now()
        if before is not None:
            self._store.pipelines.lock(before.id)
            return self._store.pipelines.update(before.id, source, now)
        owner = self._store.accounts.find_team(team)
        if owner is None:
            raise NotFoundError(f"there is no team {team}")
        return self._store.pipelines.create(owner.id, name, source, now)

    def _reconcile(self, pipeline: Pipeline, spec: PipelineSpec) -> None:
        jobs = self._store.jobs.sync(pipeline.id, [job.name for job in spec.jobs])
        self._store.resources.sync(pipeline.id, [self._wish(pipeline, spec, found) for found in spec.resources])
        self._store.jobs.request_scheduling(sorted(job.id for job in jobs))

    def _wish(self, pipeline: Pipeline, spec: PipelineSpec, resource: Resource) -> ResourceState:
        kind = spec.resource_type(resource.type)
        builtin = BUILTIN_RESOURCE_TYPES.get(kind.builtin) if kind else None
        scheduled = builtin.scheduled if builtin else bool(kind and kind.check)
        interval = resource.check_interval or self._context.settings.default_check_interval
        now = self._context.clock.now()
        state = ResourceState(
            id=0,
            pipeline_id=pipeline.id,
            type=resource.type,
            name=resource.name,
            check_interval=interval if scheduled else "",
            next_check_at=now if scheduled else None,
            webhook_token=new_webhook_token(),
            tags=sorted(resource.tags),
        )
        if kind and kind.builtin == "cron" and isinstance(schedule_of(interval), Cron):
            # Its versions are the times that it names, and now is none of them.
            return msgspec.structs.replace(state, next_check_at=next_check(state, now))
        return state

    def _visible(self, principal: Principal, team: str | None, limit: int, cursor: str | None) -> Page[Pipeline]:
        sees_all = principal.user is not None and principal.user.is_admin
        if team is not None or sees_all:
            public_only = not (sees_all or principal.may(team or "", Role.READ))
            return self._store.pipelines.list(team, public_only=public_only, limit=limit, cursor=cursor)
        return self._filtered(principal, limit, cursor)

    def _filtered(self, principal: Principal, limit: int, cursor: str | None) -> Page[Pipeline]:
        """Over all teams, what a member of some sees; a page may be short, and only the last has no next."""
        page = self._store.pipelines.list(None, public_only=not principal.roles, limit=limit, cursor=cursor)
        return Page(items=[one for one in page.items if may_see(principal, one)], next=page.next)

    def _set_paused(self, principal: Principal, team: str, name: str, *, paused: bool) -> None:
        found = find_pipeline(self._store, principal, team, name, Role.WRITE)
        with self._store.transaction():
            self._store.pipelines.set_paused(found.id, paused)
            if paused:
                recall(self._store, pipeline_id=found.id)
            self._store.jobs.request_scheduling(sorted(job.id for job in self._store.jobs.list(found.id)))
        self._context.notify(SCHEDULE)

    def _set_public(self, principal: Principal, team: str, name: str, *, public: bool) -> None:
        found = find_pipeline(self._store, principal, team, name, Role.MAINTAIN)
        with self._store.transaction():
            self._store.pipelines.set_public(found.id, public)


def _changes(before: PipelineSource | None, spec: PipelineSpec) -> Sequence[Change]:
    return diff(decode_spec(before.spec) if before else None, spec)
