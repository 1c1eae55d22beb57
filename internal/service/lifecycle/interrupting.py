"""Jobs that are `interruptible`: a newer build that waits stops the older ones."""

from __future__ import annotations

from pikoci.internal.domain.naming import full_name
from pikoci.internal.service.lifecycle.requeue import TakeBack
from pikoci.internal.service.plumbing.bus import build_topic, worker_topic
from pikoci.internal.service.plumbing.context import Context

_MOST = 100


def interrupt(context: Context, job_id: int) -> set[int]:
    """Cancel the builds of a job that a newer one, which has its inputs, has overtaken; returns their ids.

    Used within a transaction that has locked the job, so that no server makes a build of it meanwhile. Whoever started
    them, the order of the numbers counts: a retry of an old build stops no newer one, nor is it stopped by those that
    were there before it. One that waits is cancelled like one that runs, as it would be stopped when it starts.
    """
    overtaken = context.store.builds.overtaken(job_id, _MOST)
    for build, newer_id in overtaken:
        newer = context.store.builds.get(newer_id)
        name = full_name(build.job, number=newer.name) if newer else "another"
        TakeBack(context).cancel(build, f"build {name} is newer, and the job is interruptible")
        context.notify(build_topic(build.id))
        if build.worker is not None:
            context.notify(worker_topic(build.worker))
    if len(overtaken) == _MOST:
        context.store.jobs.request_scheduling([job_id])
    return {build.id for build, _ in overtaken}
