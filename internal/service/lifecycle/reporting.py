"""Taking in what a worker reports: each event once, in order, and only from the one who holds the claim."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build, BuildStatus, LogChunk, Step, StepStatus, check_transition
from pikoci.internal.domain.errors import ConflictError, InvalidError, StaleClaimError, TooLargeError
from pikoci.internal.domain.events import (
    BuildEvent,
    BuildFinished,
    BuildReturned,
    LogWritten,
    StepFinished,
    StepStarted,
    VersionProduced,
)
from pikoci.internal.domain.limits import MAX_LOG_EVENT
from pikoci.internal.domain.metadata import tidy
from pikoci.internal.domain.wire import MAX_REPORT_EVENTS
from pikoci.internal.service.lifecycle.requeue import TakeBack, close_steps
from pikoci.internal.service.lifecycle.versions import check_version
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE, build_topic
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context

_MAX_TEXT = 4000


class Reports:
    """Applies events to builds, one transaction for each call."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def report(
        self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent], by: Claimant | None = None
    ) -> None:
        """See `Gateway.report`; the claim must be that of `by`, if given.

        Raises InvalidError or TooLargeError for events that no worker of ours sends.
        """
        with self._store.transaction():
            build = self._store.builds.lock(build_id)
            if build is None or build.claim != claim:
                raise StaleClaimError(f"claim {claim} of build {build_id} is no longer current")
            if by is not None:
                by.require_mine(self._store.builds.holder(build_id), f"claim {claim} of build {build_id}")
            _check_events(first, events)
            new = _unknown(build, first, events)
            if not new:
                return
            application = _Application(self._context, build)
            application.apply(new)
        self._context.notify(build_topic(build_id))
        if application.requested:
            self._context.notify(SCHEDULE)
        if application.check_requested:
            self._context.notify(CHECKS)


class _Application:
    """The effect of some events on one locked build, gathered and then written in few statements.

    `requested` tells afterwards whether jobs have to be looked at, `check_requested` whether a check is due at once.
    """

    def __init__(self, context: Context, build: Build) -> None:
        self.requested = False
        self.check_requested = False
        self._context = context
        self._store = context.store
        self._before = build
        self._steps: dict[str, Step] = {}
        self._known: dict[str, Step] | None = {} if build.last_event == 0 else None
        self._chunks: list[LogChunk] = []
        self._log_size = build.log_size

    def apply(self, events: Sequence[BuildEvent]) -> None:
        """Take the events in."""
        for event in events:
            match event:
                case StepStarted():
                    self._start_step(event)
                case StepFinished():
                    self._finish_step(event)
                case LogWritten():
                    self._write_log(event.step, event.at, event.data)
                case VersionProduced():
                    self._add_output(event)
                case _:
                    pass  # the last event, see `_end`
        if isinstance(events[-1], BuildFinished):
            self._close_steps(events[-1])
        if self._steps:
            self._store.builds.save_steps(list(self._steps.values()))
        if self._chunks:
            self._store.logs.append(self._before.id, self._chunks)
        build = msgspec.structs.replace(
            self._before, last_event=self._before.last_event + len(events), log_size=self._log_size
        )
        self._end(build, events[-1])

    def _end(self, build: Build, last: BuildEvent) -> None:
        take_back = TakeBack(self._context)
        if isinstance(last, BuildReturned):
            take_back.returned(build, last.reason[:_MAX_TEXT])
            self.requested = True
            return
        if isinstance(last, BuildFinished):
            plan = take_back.plan(build) if last.status is BuildStatus.FAILED else None
            status = plan.ends_as(last.status) if plan else last.status
            check_transition(build.status, status)
            build = msgspec.structs.replace(
                build,
                status=status,
                reason=last.reason[:_MAX_TEXT] or (build.cancel_reason if last.status is BuildStatus.CANCELLED else ""),
                finished_at=self._bounded(last.at),
                lease_expires_at=None,
            )
            take_back.request_followers(build)
            self.requested |= take_back.requested
        self._store.builds.save(build)

    def _start_step(self, event: StepStarted) -> None:
        earlier = self._find_step(event.step) if event.try_number > 1 else None
        self._steps[event.step] = Step(
            build_id=self._before.id,
            claim=self._before.claim,
            id=event.step,
            name=event.name,
            kind=event.kind,
            status=StepStatus.STARTED,
            try_number=event.try_number,
            started_at=earlier.started_at if earlier else event.at,
        )

    def _finish_step(self, event: StepFinished) -> None:
        step = self._find_step(event.step) or Step(
            build_id=self._before.id,
            claim=self._before.claim,
            id=event.step,
            name=event.name if event.kind else event.name or event.step,  # an `else` has no name
            kind=event.kind,
            status=StepStatus.STARTED,
        )
        self._steps[event.step] = msgspec.structs.replace(
            step, status=event.status, exit_code=event.exit_code, reason=event.reason[:_MAX_TEXT], finished_at=event.at
        )

    def _find_step(self, step: str) -> Step | None:
        return self._steps.get(step) or self._stored_steps().get(step)

    def _stored_steps(self) -> dict[str, Step]:
        if self._known is None:
            self._known = {step.id: step for step in self._store.builds.steps(self._before.id, self._before.claim)}
        return self._known

    def _close_steps(self, event: BuildFinished) -> None:
        status = StepStatus.CANCELLED if event.status is BuildStatus.CANCELLED else StepStatus.ERRORED
        everything = {**self._stored_steps(), **self._steps}
        for step in close_steps(list(everything.values()), status, "the build ended before the step did", event.at):
            self._steps[step.id] = step

    def _write_log(self, step: str, at: float, data: bytes) -> None:
        if data:
            self._chunks.append(LogChunk(offset=self._log_size, step=step, claim=self._before.claim, at=at, data=data))
            self._log_size += len(data)

    def _add_output(self, event: VersionProduced) -> None:
        now = self._context.clock.now()
        try:
            check_version(event.version, self._context.settings.max_version_size)
        except InvalidError as error:
            # Refusing the report would make the worker send it for ever.
            line = f"\nthe version that put {event.put} printed is not taken: {error.message}\n"
            self._write_log("", now, line.encode())
            return
        resource = self._store.resources.find(self._before.pipeline_id, event.resource)
        pipeline = self._store.pipelines.get(self._before.pipeline_id)
        if resource is None or pipeline is None:
            return  # the resource was removed for good while the build ran
        metadata = tidy(event.metadata)
        version = self._store.versions.record(resource.id, event.version, now, metadata)
        self._store.builds.add_output(self._before.id, event.put, resource.id, version.id)
        if resource.check_interval:
            # Whether it is what the resource stands for, such as a commit of its branch, only a check can tell.
            self._store.resources.request_check(resource.id, now)
            self.check_requested = True
            return
        self._store.versions.save(resource.id, [event.version], now, metadata=[metadata])
        compiled = self._context.compiled.get(pipeline)
        if getters := compiled.getters.get(event.resource):
            self._store.jobs.request_scheduling(compiled.ids(getters))
            self.requested = True

    def _bounded(self, at: float) -> float:
        """A time of the worker's clock, which may be wrong: not before the start, and not in the future."""
        now = self._context.clock.now()
        return min(max(at, self._before.started_at or now), now)


def _unknown(build: Build, first: int, events: Sequence[BuildEvent]) -> Sequence[BuildEvent]:
    """Those of the events that the build has not had yet."""
    known = build.last_event + 1 - first
    if build.status is BuildStatus.STARTED and known < 0:
        raise ConflictError(f"events {build.last_event + 1} to {first - 1} of build {build.id} are missing")
    repeated = build.status.is_final and known >= len(events)
    if build.status is not BuildStatus.STARTED and not repeated:
        raise StaleClaimError(f"build {build.id} is {build.status} and takes no more events")
    return events[known:]


def _check_events(first: int, events: Sequence[BuildEvent]) -> None:
    if first < 1 or len(events) > MAX_REPORT_EVENTS:
        raise InvalidError(f"events are numbered from 1, and at most {MAX_REPORT_EVENTS} come at a time")
    for event in events[:-1]:
        if isinstance(event, BuildFinished | BuildReturned):
            raise InvalidError("nothing follows the end of a build")
    for event in events:
        if isinstance(event, LogWritten) and len(event.data) > MAX_LOG_EVENT:
            raise TooLargeError(f"a log event holds at most {MAX_LOG_EVENT} bytes")
        if isinstance(event, BuildFinished) and not event.status.is_final:
            raise InvalidError(f"a build cannot end as {event.status}")
