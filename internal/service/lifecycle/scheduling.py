"""What the scheduler's loops do in one turn. Every server may run all of them: no work is done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.queues import JOBS_QUEUE, jobs_queue
from pikoci.internal.service.lifecycle.announcing import Announcements
from pikoci.internal.service.lifecycle.approving import Approving
from pikoci.internal.service.lifecycle.checks import Checks
from pikoci.internal.service.lifecycle.deletion import Deletion
from pikoci.internal.service.lifecycle.duetimes import ClockWatch, DueTimes
from pikoci.internal.service.lifecycle.requeue import TakeBack
from pikoci.internal.service.lifecycle.retention import Retention
from pikoci.internal.service.lifecycle.starting import JobRun
from pikoci.internal.service.plumbing.bus import SCHEDULE, build_topic
from pikoci.internal.service.plumbing.context import Context

_SWEEP_BATCH = 200
_FROM_THE_OLDEST = (0.0, 0)
_NEW_BUILDS = 20
#: Seconds that a series of turns takes, and the last of them on top.
_SLICE = 0.01


class Scheduling:
    """One method for each loop; each returns how much it did, so that a full batch is followed by another at once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._doorbell = context.doorbell
        self._approving = Approving(context)
        self._checks = Checks(context)
        self._announcements = Announcements(context)
        self._retention = Retention(context)
        self._deletion = Deletion(context)
        self._due_times = DueTimes(context)
        self._clock_watch = ClockWatch(context.clock)
        self._swept = _FROM_THE_OLDEST

    def recover(self) -> None:
        """At a server's start: leases get a full period of grace, and what was published before is published again.

        Checks are due when their schedules say so, whatever a clock that was ahead made of it.
        """
        now = self._context.clock.now()
        self._due_times.repair()
        with self._store.transaction():
            self._store.builds.grant_grace(now + self._context.settings.lease)
        # A queue in memory is empty now; on a broker, a message that comes twice does no harm.
        while self._publish_again(now):
            pass
        while self._checks.sweep(now):
            pass
        while self._announcements.sweep(now):
            pass

    def dispatch_checks(self) -> int:
        """Publish the checks that are due, at most `due_batch`. When the clock was set back, due times follow first."""
        if self._clock_watch.fell_back():
            self._due_times.repair()
            self._clock_watch.accept()
        return self._checks.dispatch_due()

    def next_check_in(self) -> float | None:
        """Seconds until the next check falls due; None if none will."""
        due = self._store.resources.next_due_at()
        return None if due is None else max(0.0, due - self._context.clock.now())

    def schedule_jobs(self) -> int:
        """Look at jobs whose inputs or waiting builds changed: make their builds, dispatch what has a slot.

        Ends after a batch, or when others have waited for long enough: on SQLite nothing else runs meanwhile.
        """
        done, until = 0, self._context.clock.monotonic() + _SLICE
        while done < self._context.settings.schedule_batch and self._schedule_one():
            done += 1
            if self._context.clock.monotonic() >= until:
                break
        return done

    def sweep(self) -> int:
        """Publish again what nobody claimed, take back what lost its worker, fail what nobody approved in time."""
        stale = self._context.clock.now() - self._context.settings.republish_after
        self._context.audit.flush(only_due=True)
        return (
            self._approving.expire(_SWEEP_BATCH)
            + self._take_back_lost()
            + self._publish_again(stale)
            + self._checks.sweep(stale)
            + self._announcements.sweep(stale)
        )

    def prune(self) -> int:
        """Delete a batch of logs, builds and artifacts beyond the retention settings."""
        return self._retention.prune()

    def delete_hidden(self) -> int:
        """Delete a pipeline that was deleted for everybody to see; returns 0 if there is none."""
        return self._deletion.delete_hidden()

    def _schedule_one(self) -> bool:
        """Serve one request to look at a job, in a transaction of its own; whether there was one."""
        with self._store.transaction():
            job = next(iter(self._store.jobs.take_scheduling_requests(1)), None)
            pipeline = self._store.pipelines.get(job.pipeline_id) if job is not None else None
            if job is None or pipeline is None:
                return job is not None
            compiled = self._context.compiled.get(pipeline)
            if job.name not in compiled.plans:
                return True  # archived; it is looked at again when it comes back
            run = JobRun(self._context, pipeline, compiled, job)
            gone = run.schedule(_NEW_BUILDS)
        for plan, ids in run.by_plan(gone):
            self._doorbell.ring_builds(plan, run.team, ids)
        for build in gone:
            self._context.notify(build_topic(build.id))
        return True

    def _take_back_lost(self) -> int:
        with self._store.transaction():
            lost = self._store.builds.take_expired(self._context.clock.now(), _SWEEP_BATCH)
            for build in lost:
                TakeBack(self._context).lost(build, f"worker {build.worker} was lost: it sent no heartbeat in time")
        self._context.measures.leases_taken_back["build"] += len(lost)
        for build in lost:
            self._context.notify(build_topic(build.id))
        if lost:
            self._context.notify(SCHEDULE)
        return len(lost)

    def _publish_again(self, before: float) -> int:
        """Publish builds that were published before `before` and claimed by nobody, where the messages may be lost.

        Each time it looks at those behind the last, so that a crowd that merely waits hides nobody.
        """
        after = self._swept
        with self._store.transaction():
            stale = self._store.builds.take_stale(before, _SWEEP_BATCH, after)
            self._swept = _place(stale[-1]) if len(stale) == _SWEEP_BATCH else _FROM_THE_OLDEST
            waiting = self._by_queue(stale)
            running: Counter[str] = Counter()
            for slots in self._store.builds.busy() if stale else ():
                running[slots.worker] += slots.builds
        lost = {queue: self._doorbell.lost(queue, len(builds), running) for queue, builds in waiting.items()}
        if not any(lost.values()):
            return 0
        now = self._context.clock.now()
        with self._store.transaction():
            # The broker was asked in between, which may take its time: look again who is stale still.
            still = self._by_queue(self._store.builds.take_stale(before, _SWEEP_BATCH, after))
            again = {queue: builds[: lost.get(queue, 0)] for queue, builds in still.items()}
            for build in (build for builds in again.values() for build in builds):
                self._store.builds.save(msgspec.structs.replace(build, dispatched_at=now))
        for queue, builds in again.items():
            self._doorbell.ring(queue, [build.id for build in builds])
        return sum(len(builds) for builds in again.values())

    def _by_queue(self, builds: list[Build]) -> Mapping[str, list[Build]]:
        """The builds, grouped by the queues that they belong to now: the pipeline may have been set since."""
        grouped: dict[str, list[Build]] = {}
        for build in builds:
            pipeline = self._store.pipelines.get(build.pipeline_id)
            compiled = self._context.compiled.get(pipeline) if pipeline else None
            plan = compiled.plans.get(build.job) if compiled else None
            team, tags = (pipeline.team if pipeline else ""), (plan.tags if plan else [])
            priority = plan.priority if plan else build.priority
            level = compiled.need(build.job).level if compiled else build.level
            known = msgspec.structs.replace(build, queue=jobs_queue(tags), priority=priority, level=level)
            for queue in self._context.fleet.queues(JOBS_QUEUE, tags, team):
                grouped.setdefault(queue, []).append(known)
        return grouped


def _place(build: Build) -> tuple[float, int]:
    return build.dispatched_at or 0.0, build.id
