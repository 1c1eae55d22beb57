"""Work whose message came to a worker that is too old for it: it is for others."""

from __future__ import annotations

import gevent
import msgspec

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.queues import CHECKS_QUEUE, JOBS_QUEUE
from pikoci.internal.service.plumbing.context import Context


class TooOldError(ConflictError):
    """The worker cannot run the build or check of this `id`, whose plan has parts that came after its release."""

    def __init__(self, work: int, message: str) -> None:
        super().__init__(message, hint="upgrade the worker")
        self.id = work


def pass_on_build(context: Context, build_id: int) -> None:
    """Ring for the build again, and return only after a moment, so that the message is not back here at once.

    The worker that asked waits meanwhile, with the slot that the message was for. Where no worker is able to run the
    build, nothing rings until the sweeper does.
    """
    with context.store.transaction():
        build = context.store.builds.lock(build_id)
        rung = build is not None and _ring_build(context, build)
    if rung:
        gevent.sleep(context.settings.old_worker_pause)


def _ring_build(context: Context, build: Build) -> bool:
    pipeline = context.store.pipelines.get(build.pipeline_id)
    plan = context.compiled.get(pipeline).plans.get(build.job) if pipeline else None
    waits = build.status is BuildStatus.PENDING and build.dispatched_at is not None
    if pipeline is None or plan is None or not waits:
        return False
    if not context.fleet.able(JOBS_QUEUE, plan.tags, pipeline.team, build.level):
        return False
    # As the sweeper does: a worker that was given another build for this message may ask with it again.
    context.store.builds.save(msgspec.structs.replace(build, dispatched_at=context.clock.now()))
    context.doorbell.ring_builds(plan, pipeline.team, [build.id])
    return True


def pass_on_check(context: Context, resource_id: int) -> None:
    """Ring for the check again, as for a build."""
    state = context.store.resources.get(resource_id)
    pipeline = context.store.pipelines.get(state.pipeline_id) if state else None
    if state is None or pipeline is None:
        return
    need = context.compiled.get(pipeline).check_need(state.canonical)
    if context.fleet.able(CHECKS_QUEUE, state.tags, pipeline.team, need.level):
        context.doorbell.ring_checks([state])
        gevent.sleep(context.settings.old_worker_pause)
