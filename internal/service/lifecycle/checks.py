"""The checks of resources: due, published, claimed, finished."""

from __future__ import annotations

import math
from functools import lru_cache

from pikoci.internal.domain.errors import ConflictError, StaleClaimError
from pikoci.internal.domain.gateway import CheckAssignment, CheckResult
from pikoci.internal.domain.pipeline import Pipeline, ResourceState
from pikoci.internal.domain.plan import PipelineSpec, Resource, ResourceType
from pikoci.internal.domain.queues import CHECKS_QUEUE
from pikoci.internal.domain.schedule import Schedule, parse_schedule
from pikoci.internal.service.lifecycle.passing_on import TooOldError, pass_on_check
from pikoci.internal.service.lifecycle.republishing import publish_again
from pikoci.internal.service.lifecycle.versions import check_versions, told
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.excerpt import runners_of, secrets_of
from pikoci.internal.service.plumbing.slices import give_way

_MAX_ERROR = 4000


@lru_cache(maxsize=4096)
def schedule_of(interval: str) -> Schedule:
    """The schedule that a stored `check_interval` stands for."""
    return parse_schedule(interval)


class Checks:
    """Every check is due once, published once, and run by one worker at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._doorbell = context.doorbell

    def dispatch_due(self) -> int:
        """Publish checks that are due, at most `due_batch`; returns how many."""
        now = self._context.clock.now()
        with self._store.transaction():
            due = self._store.resources.take_due(now, self._context.settings.due_batch)
            if due:
                self._store.resources.mark_dispatched({found.id: next_check(found, now) for found in due}, now)
        self._doorbell.ring_checks(due)
        return len(due)

    def sweep(self, before: float) -> int:
        """Publish again the checks published before `before` and claimed by nobody; make lost ones due again."""
        resources, limit = self._store.resources, self._context.settings.due_batch
        with self._store.transaction():
            lapsed = resources.requeue_expired_checks(self._context.clock.now())
        if lapsed:
            self._context.measures.leases_taken_back["check"] += lapsed
            self._context.notify(CHECKS)
        again = publish_again(
            self._context,
            lambda: resources.take_stale(before, limit),
            self._doorbell.by_queue,
            resources.count_checks,
            lambda found, now: resources.mark_dispatched({one.id: one.next_check_at for one in found}, now),
        )
        self._doorbell.ring_checks(again)
        return lapsed + len(again)

    def claim(self, resource_id: int, by: Claimant) -> CheckAssignment:
        """See `Gateway.claim_check`."""
        try:
            return self._claim(resource_id, by)
        except TooOldError as error:
            pass_on_check(self._context, error.id)
            raise

    def _claim(self, resource_id: int, by: Claimant) -> CheckAssignment:
        now = self._context.clock.now()
        with self._store.transaction():
            until = now + self._context.settings.lease
            state = self._store.resources.claim_check(resource_id, by.name, by.instance, now, until)
            pipeline = self._store.pipelines.get(state.pipeline_id) if state else None
            if state is None or pipeline is None:
                raise ConflictError(f"the check of resource {resource_id} is taken, finished or not asked for")
            compiled = self._context.compiled.get(pipeline)
            spec = compiled.spec
            resource, kind = spec.resource(state.canonical), spec.resource_type(state.type)
            if resource is not None and kind is not None:
                self._context.fleet.require_able(by, CHECKS_QUEUE, resource.tags, pipeline.team)
                need = compiled.check_need(state.canonical)
                if self._context.fleet.level(by) < need.level:
                    raise TooOldError(resource_id, f"the check needs {need.part}, which is newer than worker {by.name}")
                return self._assign(state, pipeline, spec, resource, kind)
            self._store.resources.finish_check(resource_id, state.check_claim, now, "")
        raise ConflictError(f"resource {state.canonical} left pipeline {pipeline.name}")

    def _assign(
        self, state: ResourceState, pipeline: Pipeline, spec: PipelineSpec, resource: Resource, kind: ResourceType
    ) -> CheckAssignment:
        latest = self._store.versions.latest(state.id)
        secrets = secrets_of(spec, resource, kind, spec.env)
        return CheckAssignment(
            resource_id=state.id,
            claim=state.check_claim,
            lease=self._context.settings.lease,
            team=pipeline.team,
            pipeline=pipeline.name,
            resource=resource,
            resource_type=kind,
            runner_types=runners_of(spec, [kind, *secrets.types]),
            previous=latest.version if latest else None,
            timeout=self._context.settings.check_timeout,
            masks=spec.masks,
            env=spec.env,
            secrets=secrets,
        )

    def finish(self, resource_id: int, claim: int, result: CheckResult, by: Claimant | None = None) -> None:
        """See `Gateway.finish_check`; the claim must be that of `by`, if given.

        Many versions are saved in several transactions, so that nothing else waits for long. The check counts as
        finished, and jobs are asked to look, only with the last of them; whoever dies before does the check again, and
        what is saved already keeps its place in the order.
        """
        state = self._store.resources.get(resource_id)
        if state is None or state.check_claim != claim:
            raise StaleClaimError(f"claim {claim} of the check of resource {resource_id} is no longer current")
        if state.check_worker is None:
            return
        if by is not None:
            holder = self._store.resources.check_holder(resource_id)
            by.require_mine(holder, f"claim {claim} of the check of resource {resource_id}")
        error = (result.error or check_versions(result.versions, self._context.settings))[:_MAX_ERROR]
        versions = [] if error else result.versions
        size = self._context.settings.version_batch
        batches = [versions[start : start + size] for start in range(0, len(versions), size)] or [[]]
        left, found = len(versions), 0
        for batch in batches[:-1]:
            metadata = told(result, left, len(batch))
            with self._store.transaction():
                now = self._context.clock.now()
                found += len(self._store.versions.save(resource_id, batch, now, last=False, metadata=metadata))
            left -= len(batch)
            give_way()
        self._finish(state, claim, batches[-1], told(result, left, left), error, found)

    def _finish(
        self,
        state: ResourceState,
        claim: int,
        versions: list[dict[str, object]],
        metadata: list[dict[str, str]],
        error: str,
        found: int,
    ) -> None:
        now = self._context.clock.now()
        with self._store.transaction():
            if not self._store.resources.finish_check(state.id, claim, now, error):
                raise StaleClaimError(f"claim {claim} of the check of resource {state.id} is no longer current")
            if versions:
                found += len(self._store.versions.save(state.id, versions, now, metadata=metadata))
            if found:
                self._request_getters(state)
        if state.next_check_at is not None and state.next_check_at <= now:
            self._context.notify(CHECKS)
        if found:
            self._context.notify(SCHEDULE)

    def _request_getters(self, state: ResourceState) -> None:
        pipeline = self._store.pipelines.get(state.pipeline_id)
        if pipeline is None:
            return
        compiled = self._context.compiled.get(pipeline)
        if jobs := compiled.getters.get(state.canonical):
            self._store.jobs.request_scheduling(compiled.ids(jobs))


def next_check(state: ResourceState, now: float) -> float | None:
    """When the resource is due after a check at `now`; None if never by itself."""
    if not state.check_interval:
        return None
    due = schedule_of(state.check_interval).next_after(now, str(state.id))
    return None if due == math.inf else due
