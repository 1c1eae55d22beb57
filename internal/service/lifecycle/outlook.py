"""What would happen at once if a pipeline's file were set: worked out as the scheduler does it, and nothing written."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.pipeline import Pipeline, ResourceState
from pikoci.internal.domain.plan import JobPlan, PipelineSpec
from pikoci.internal.service.lifecycle.inputs import InputChooser
from pikoci.internal.service.plumbing.compiled import compile_pipeline
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.slices import Slices

#: Builds of a job are counted up to this number.
MOST_BUILDS = 20
#: Seconds that a transaction takes, and that all may take together.
_SLICE, _PATIENCE = 0.01, 5.0


class JobStart(msgspec.Struct, frozen=True):
    """A job that would get so many builds at once; there may be more than `MOST_BUILDS`."""

    job: str
    builds: int


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs that would get builds at once, and the resources, by their canonical names, that would be checked.

    `unseen` is how many jobs there was no time to look at.
    """

    starts: Sequence[JobStart] = ()
    checks: Sequence[str] = ()
    unseen: int = 0


def look_ahead(
    context: Context, pipeline: Pipeline | None, spec: PipelineSpec, wished: Sequence[ResourceState]
) -> Outlook:
    """What setting `spec`, with resources as `wished`, would do to the pipeline; None is one that is not there yet.

    Takes its time, a short transaction after another: not in a transaction.
    """
    store = context.store
    known = {one.canonical: one for one in store.resources.list(pipeline.id, archived=True)} if pipeline else {}
    checks = [new.canonical for new in wished if _is_due(known.get(new.canonical), new, context.clock.now())]
    if pipeline is None or pipeline.paused:
        return Outlook(checks=checks)
    jobs = {job.name: job for job in store.jobs.list(pipeline.id, archived=True)}
    resource_ids = {new.canonical: known[new.canonical].id if new.canonical in known else 0 for new in wished}
    job_ids = {name: job.id for name, job in jobs.items()}
    compiled = context.run_in_thread(compile_pipeline, spec, job_ids, resource_ids)
    chooser = InputChooser(context, pipeline.id, compiled)
    able = deque(plan for plan in spec.jobs if plan.name not in jobs or not jobs[plan.name].paused)
    starts = _starts(context, chooser, able)
    return Outlook(starts=starts, checks=checks, unseen=len(able))


def _starts(context: Context, chooser: InputChooser, plans: deque[JobPlan]) -> list[JobStart]:
    """What the jobs would get, which are taken off `plans` one by one, while there is time."""
    starts: list[JobStart] = []
    slices, until = Slices(context.store), context.clock.monotonic() + _PATIENCE
    while plans and context.clock.monotonic() < until:
        with slices.next():
            ends = time.perf_counter() + _SLICE
            while plans and time.perf_counter() < ends:
                plan = plans.popleft()
                if builds := len(chooser.new_sets(plan, MOST_BUILDS)):
                    starts.append(JobStart(plan.name, builds))
    return starts


def _is_due(known: ResourceState | None, wished: ResourceState, now: float) -> bool:
    """Whether setting the resource has it checked at once: one that is new, comes back, or has another interval."""
    is_new = known is None or known.archived or known.check_interval != wished.check_interval
    return is_new and wished.next_check_at is not None and wished.next_check_at <= now
