"""Taking builds back from workers that are gone, and ending builds without a worker."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build, BuildStatus, LogChunk, Step, StepStatus, check_transition
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.service.plumbing.context import Context


class TakeBack:
    """Ends a claim from the server's side. Used within a transaction that has locked the build.

    `requested` tells whether jobs have to be looked at since, so that the scheduler is worth waking.
    """

    def __init__(self, context: Context) -> None:
        self.requested = False
        self._context = context
        self._store = context.store

    def lost(self, build: Build, why: str) -> Build:
        """The worker is gone: run the build again, up to `max_requeues` times, unless its job opts out."""
        plan = self.plan(build)
        limit = self._context.settings.max_requeues
        if build.cancel_requested_at is not None:
            return self.end(build, BuildStatus.CANCELLED, build.cancel_reason)
        if plan is not None and not plan.requeue_on_worker_loss:
            return self.end(build, BuildStatus.ERRORED, f"{why}; the job has requeue_on_worker_loss = false")
        if build.requeues >= limit:
            return self.end(build, BuildStatus.ERRORED, f"{why}; given up after {limit} requeues")
        return self._requeue(msgspec.structs.replace(build, requeues=build.requeues + 1), why)

    def returned(self, build: Build, why: str) -> Build:
        """The worker gave the build back unfinished: as `lost`, but it does not count."""
        plan = self.plan(build)
        if build.cancel_requested_at is None and (plan is None or plan.requeue_on_worker_loss):
            return self._requeue(build, why)
        return self.lost(build, why)

    def cancel(self, build: Build, reason: str) -> Build:
        """Cancel the build: at once where it waits, else through its worker. One that is told to stop is told once.

        Raises ConflictError once it ended.
        """
        if build.status is BuildStatus.CANCELLED:
            return build
        if build.status.is_final:
            raise ConflictError(f"build {full_name(build.job, number=build.name)} has ended: it is {build.status}")
        if build.status is not BuildStatus.STARTED:
            return self.end(build, BuildStatus.CANCELLED, reason)
        if build.cancel_requested_at is None:
            now = self._context.clock.now()
            build = msgspec.structs.replace(build, cancel_requested_at=now, cancel_reason=reason)
            self._store.builds.save(build)
        return build

    def end(self, build: Build, status: BuildStatus, reason: str) -> Build:
        """Give the build this final status, whatever it was doing."""
        check_transition(build.status, status)
        step = StepStatus.CANCELLED if status is BuildStatus.CANCELLED else StepStatus.ERRORED
        self._close_steps(build, step, reason)
        ended = self._note(build, f"{reason}; the build is {status}") if build.status is BuildStatus.STARTED else build
        ended = msgspec.structs.replace(
            ended, status=status, reason=reason, finished_at=self._context.clock.now(), lease_expires_at=None
        )
        self._store.builds.save(ended)
        self.request_followers(ended)
        return ended

    def request_followers(self, build: Build) -> None:
        """Have the jobs looked at that the end of this build concerns."""
        pipeline = self._store.pipelines.get(build.pipeline_id)
        if pipeline is None:
            return
        compiled = self._context.compiled.get(pipeline)
        if concerned := compiled.after_end(build.job):
            self._request(compiled.ids(concerned))

    def plan(self, build: Build) -> JobPlan | None:
        """The plan of the build's job as it is set now; None where the job has left the pipeline."""
        pipeline = self._store.pipelines.get(build.pipeline_id)
        return self._context.compiled.get(pipeline).plans.get(build.job) if pipeline else None

    def _requeue(self, build: Build, why: str) -> Build:
        check_transition(build.status, BuildStatus.PENDING)
        self._close_steps(build, StepStatus.ERRORED, why)
        noted = self._note(build, f"{why}; the build runs again")
        waiting = msgspec.structs.replace(
            noted,
            status=BuildStatus.PENDING,
            reason=f"{why}; it runs again",
            dispatched_at=None,
            started_at=None,
            worker=None,
            lease_expires_at=None,
            last_event=0,
        )
        self._store.builds.save(waiting)
        self._request([build.job_id])
        return waiting

    def _request(self, job_ids: Sequence[int]) -> None:
        self._store.jobs.request_scheduling(job_ids)
        self.requested = True

    def _note(self, build: Build, text: str) -> Build:
        """The build with a line of ours at the end of its log; the caller saves it."""
        data = f"\n{text}\n".encode()
        chunk = LogChunk(offset=build.log_size, step="", claim=build.claim, at=self._context.clock.now(), data=data)
        self._store.logs.append(build.id, [chunk])
        return msgspec.structs.replace(build, log_size=build.log_size + len(data))

    def _close_steps(self, build: Build, status: StepStatus, reason: str) -> None:
        if build.claim:
            open_steps = close_steps(self._store.builds.steps(build.id), status, reason, self._context.clock.now())
            if open_steps:
                self._store.builds.save_steps(open_steps)


def close_steps(steps: Sequence[Step], status: StepStatus, reason: str, at: float) -> list[Step]:
    """Those of the steps that still count as started, ended: a build that ended has none left."""
    return [
        msgspec.structs.replace(step, status=status, reason=reason, finished_at=at)
        for step in steps
        if step.status is StepStatus.STARTED
    ]
