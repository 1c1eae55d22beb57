"""Setting, showing and removing pipelines."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES
from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from pikoci.internal.domain.graph import Graph, pipeline_graph
from pikoci.internal.domain.names import MAX_LABEL, PIPELINE
from pikoci.internal.domain.pipeline import (
    Job,
    JobOverview,
    Page,
    Pipeline,
    PipelineOverview,
    PipelineSource,
    PipelineSummary,
    ResourceState,
)
from pikoci.internal.domain.plan import PipelineSpec, Resource, decode_spec, encode_spec
from pikoci.internal.domain.schedule import Cron
from pikoci.internal.pipeline.diff import diff
from pikoci.internal.pipeline.load import load_or_raise
from pikoci.internal.pipeline.web_sources import Fetched, addresses, mentions_web
from pikoci.internal.service.lifecycle.checks import next_check, schedule_of
from pikoci.internal.service.lifecycle.deletion import Deletion
from pikoci.internal.service.lifecycle.outlook import Outlook, look_ahead
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_pipeline, may_see, require_role
from pikoci.internal.service.use_cases.audited import audited
from pikoci.internal.service.use_cases.jobs import recall
from pikoci.internal.service.use_cases.public import public_overviews
from pikoci.internal.service.use_cases.resources import new_webhook_token
from pikoci.internal.service.use_cases.views import PipelinePlan

#: A list of many pipelines shows the jobs of those that have no more than this.
_FEW_JOBS = 12
#: How often to begin again where somebody else has set the same pipeline meanwhile.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Read:
    """A pipeline file, evaluated, and what it changes; `is_known` where it is the very one that is set."""

    spec: PipelineSpec
    source: PipelineSource
    wished: Sequence[ResourceState]
    plan: PipelinePlan
    is_known: bool


class PipelineService:
    """Use cases around a whole pipeline. The file is the wished state; setting it makes it so."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._deletion = Deletion(context)

    @audited("pipeline.set", "team name")
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
        require_role(principal, team, Role.MAINTAIN, name)
        self._check(name, config)
        for _ in range(_TRIES):
            before = self._store.pipelines.find(team, name)
            if before is not None and must_be_new:
                raise ConflictError(
                    f"team {team} has a pipeline {name} already", hint="PUT to its address to change it"
                )
            read = self._read(name, before, config, variables)
            if before is not None and read.is_known:
                self._context.audit.unchanged()
                return before, read.plan
            with self._store.transaction():
                pipeline = self._save(team, name, before, read.source)
                jobs, resources = self._reconcile(pipeline, read) if pipeline else ([], [])
                if pipeline is not None:
                    self._tell(read.plan)
                else:
                    self._context.audit.not_yet()
            if pipeline is not None:
                prepare, run = self._context.compiled.prepare, self._context.run_in_thread
                self._store.after_commit(partial(prepare, pipeline, read.source.spec, jobs, resources, run))
                self._context.notify(SCHEDULE, CHECKS)
                return pipeline, read.plan
        raise ConflictError(f"pipeline {name} was changed again and again meanwhile", hint="try again in a moment")

    def plan(
        self, principal: Principal, team: str, name: str, config: str, variables: Mapping[str, object]
    ) -> tuple[PipelinePlan, Outlook]:
        """What `set` would change and start (role maintain), without doing it. Raises what `set` raises."""
        require_role(principal, team, Role.MAINTAIN, name)
        self._check(name, config)
        before = self._store.pipelines.find(team, name)
        read = self._read(name, before, config, variables)
        if read.is_known:
            return read.plan, Outlook()
        return read.plan, look_ahead(self._context, before, read.spec, read.wished)

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

    def summaries(self, principal: Principal, *, limit: int = 50, cursor: str | None = None) -> Page[PipelineSummary]:
        """Pipelines of all teams that the principal may see, by team and name: with the jobs of short ones."""
        found = self._visible(principal, None, limit, cursor)
        counts = self._store.jobs.standings([pipeline.id for pipeline in found.items])
        jobs = self._store.jobs.overviews([one for one, known in counts.items() if sum(known.values()) <= _FEW_JOBS])
        items = [
            PipelineSummary(
                pipeline=one, counts=counts[one.id], jobs=self._overview(principal, one, jobs.get(one.id, [])).jobs
            )
            for one in found.items
        ]
        return Page(items=items, next=found.next)

    def summary(self, principal: Principal, team: str, name: str) -> PipelineSummary:
        """A pipeline and how its jobs stand, without them. Raises NotFoundError."""
        found = find_pipeline(self._store, principal, team, name)
        return PipelineSummary(pipeline=found, counts=self._store.jobs.standings([found.id])[found.id])

    def _overview(self, principal: Principal, found: Pipeline, jobs: Sequence[JobOverview]) -> PipelineOverview:
        explained = self._context.waiting.explain_jobs(principal, jobs)
        member = principal.may(found.team, Role.READ, found.name)
        return PipelineOverview(pipeline=found, jobs=explained if member else public_overviews(explained))

    def source(self, principal: Principal, team: str, name: str) -> str:
        """The HCL text as it was set (role read; never to the public). Variables are never given back."""
        found = find_pipeline(self._store, principal, team, name, Role.READ)
        return self._store.pipelines.source(found.id).config

    @audited("pipeline.delete", "team name")
    def delete(self, principal: Principal, team: str, name: str) -> None:
        """Remove a pipeline with everything that belongs to it (role admin); what it runs is cancelled.

        It is gone and its name free at once, whatever there is to delete; the rows go bit by bit.
        """
        found = find_pipeline(self._store, principal, team, name, Role.ADMIN)
        with self._store.transaction():
            self._deletion.hide(found.id)

    @audited("pipeline.pause", "team name")
    def pause(self, principal: Principal, team: str, name: str) -> None:
        """Start no new builds (role write); checks go on, running builds finish, waiting ones wait. Idempotent."""
        self._set_paused(principal, team, name, paused=True)

    @audited("pipeline.unpause", "team name")
    def unpause(self, principal: Principal, team: str, name: str) -> None:
        """Undo `pause`: what waits is looked at, at once. Idempotent."""
        self._set_paused(principal, team, name, paused=False)

    @audited("pipeline.publish", "team name")
    def publish(self, principal: Principal, team: str, name: str) -> None:
        """Show status, graph and logs to everybody (role maintain)."""
        self._set_public(principal, team, name, public=True)

    @audited("pipeline.unpublish", "team name")
    def unpublish(self, principal: Principal, team: str, name: str) -> None:
        """Undo `publish`."""
        self._set_public(principal, team, name, public=False)

    def graph(self, principal: Principal, team: str, name: str) -> Graph:
        """The pipeline's jobs and resources as nodes and edges, with the jobs' status."""
        found = find_pipeline(self._store, principal, team, name)
        overviews = self._store.jobs.overviews([found.id]).get(found.id, [])
        return pipeline_graph(self._context.compiled.get(found).spec, overviews)

    def _check(self, name: str, config: str) -> None:
        if not PIPELINE.allows(name):
            raise InvalidError(
                f"{name[:MAX_LABEL]!r} cannot be a pipeline's name",
                hint=f"it {PIPELINE.sentence}",
            )
        limit = self._context.settings.max_config_size
        if len(config) > limit:
            raise TooLargeError(f"a pipeline file has at most {limit} bytes")

    def _read(self, name: str, before: Pipeline | None, config: str, variables: Mapping[str, object]) -> _Read:
        known = self._known(before) if before else None
        now = datetime.fromtimestamp(self._context.clock.now(), UTC)
        filename, read = f"{name}.hcl", self._context.read_pipeline
        wanted = read(addresses, config, filename) if mentions_web(config) else []
        fetched = self._context.fetch_sources(wanted) if wanted else {}
        return read(_read, known, config, variables, self._wish, fetched, filename=filename, now=now)

    def _tell(self, plan: PipelinePlan) -> None:
        """Tell the audit log what changes, by names; addresses of sources, which may hold passwords, are none."""
        names: dict[str, builtins.list[str]] = {}
        for one in plan.changes:
            names.setdefault(one.kind, []).append(one.what if one.what == "source" else f"{one.what} {one.name}")
        self._context.audit.tell(**{kind: ", ".join(found) for kind, found in names.items()})

    def _known(self, before: Pipeline) -> PipelineSource | None:
        """What was set before; None where its key is lost, so that the pipeline can be set anew."""
        try:
            return self._store.pipelines.source(before.id)
        except ConflictError:
            return None

    def _save(self, team: str, name: str, before: Pipeline | None, source: PipelineSource) -> Pipeline | None:
        """The pipeline as it is now; None where it was not any more as `before`, with which the file was compared."""
        now = self._context.clock.now()
        if before is not None:
            locked = self._store.pipelines.lock(before.id)
            if locked is None or locked.revision != before.revision:
                return None
            return self._store.pipelines.update(before.id, source, now)
        if self._store.pipelines.find(team, name) is not None:
            return None
        owner = self._store.accounts.find_team(team)
        if owner is None:
            raise NotFoundError(f"there is no team {team}")
        return self._store.pipelines.create(owner.id, name, source, now)

    def _reconcile(self, pipeline: Pipeline, read: _Read) -> tuple[builtins.list[Job], builtins.list[ResourceState]]:
        jobs = self._store.jobs.sync(pipeline.id, [job.name for job in read.spec.jobs])
        resources = self._store.resources.sync(pipeline.id, read.wished)
        self._store.jobs.request_scheduling(sorted(job.id for job in jobs))
        return jobs, resources

    def _wish(self, spec: PipelineSpec, resource: Resource) -> ResourceState:
        kind = spec.resource_type(resource.type)
        builtin = BUILTIN_RESOURCE_TYPES.get(kind.builtin) if kind else None
        scheduled = builtin.scheduled if builtin else bool(kind and kind.check)
        interval = resource.check_interval or self._context.settings.default_check_interval
        now = self._context.clock.now()
        state = ResourceState(
            id=0,
            pipeline_id=0,
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
        token = principal.token
        of_one = token is not None and token.pipeline_id is not None and team == token.team
        if (team is not None and not of_one) or principal.is_admin:
            public_only = not (principal.is_admin or principal.may(team or "", Role.READ))
            return self._store.pipelines.list(team, public_only=public_only, limit=limit, cursor=cursor)
        return self._filtered(principal, team, limit, cursor)

    def _filtered(self, principal: Principal, team: str | None, limit: int, cursor: str | None) -> Page[Pipeline]:
        """What a member of some teams sees, or a token for one pipeline.

        A page may be short, and only the last has no next.
        """
        public_only = not principal.roles and not (principal.user and principal.user.is_admin)
        page = self._store.pipelines.list(team, public_only=public_only, limit=limit, cursor=cursor)
        return Page(items=[one for one in page.items if may_see(principal, one)], next=page.next)

    def _set_paused(self, principal: Principal, team: str, name: str, *, paused: bool) -> None:
        found = find_pipeline(self._store, principal, team, name, Role.WRITE)
        with self._store.transaction():
            self._store.pipelines.set_paused(found.id, paused)
            more = paused and recall(self._store, pipeline_id=found.id)
            self._store.jobs.request_scheduling(sorted(job.id for job in self._store.jobs.list(found.id)))
        while more:
            with self._store.transaction():
                more = recall(self._store, pipeline_id=found.id)
        self._context.notify(SCHEDULE)

    def _set_public(self, principal: Principal, team: str, name: str, *, public: bool) -> None:
        found = find_pipeline(self._store, principal, team, name, Role.MAINTAIN)
        with self._store.transaction():
            self._store.pipelines.set_public(found.id, public)


def _read(
    known: PipelineSource | None,
    config: str,
    variables: Mapping[str, object],
    wish: Callable[[PipelineSpec, Resource], ResourceState],
    fetched: Mapping[str, Fetched],
    *,
    filename: str,
    now: datetime,
) -> _Read:
    """All that takes its time and asks nobody: read the file, and compare it with what is known."""
    spec, warnings = load_or_raise(config, variables, filename=filename, now=now, fetched=fetched)
    source = PipelineSource(config=config, variables=dict(variables), spec=encode_spec(spec))
    wished = [wish(spec, resource) for resource in spec.resources]
    changes = diff(decode_spec(known.spec) if known else None, spec)
    return _Read(spec, source, wished, PipelinePlan(changes=changes, warnings=warnings), is_known=known == source)
