"""Announcing that a build waits for approval: the messages that its approve blocks name, each sent by a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import gevent
import msgspec

from pikoci.internal.domain.announcement import Announcement, AnnouncementStatus
from pikoci.internal.domain.approval import open_gates
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, StaleClaimError
from pikoci.internal.domain.gateway import AnnouncementAssignment, AnnouncementResult
from pikoci.internal.domain.levels import Need, needs
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.pipeline import Pipeline
from pikoci.internal.domain.plan import JobPlan, NotifyStep, PipelineSpec
from pikoci.internal.domain.queues import CHECKS_QUEUE, announcement_message
from pikoci.internal.service.lifecycle.assigning import assignment_of, info_of
from pikoci.internal.service.lifecycle.passing_on import TooOldError
from pikoci.internal.service.lifecycle.republishing import publish_again
from pikoci.internal.service.plumbing.bus import build_topic
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.excerpt import JobExcerpt, job_excerpt

_MAX_REASON = 1000
DECIDED = "decided before it was sent"
_LEFT = "the pipeline was changed, and sends it no more"


class _DroppedError(ConflictError):
    """Nobody has to be asked any more."""


class _Work(NamedTuple):
    """What the pipeline says now of an announcement: the job, cut down to the one step that sends it."""

    pipeline: Pipeline
    spec: PipelineSpec
    plan: JobPlan
    excerpt: JobExcerpt

    @property
    def need(self) -> Need:
        """What sending it asks of a worker."""
        return needs(self.plan, self.excerpt)


def begin_to_announce(context: Context, build: Build, plan: JobPlan, team: str) -> None:
    """Have the messages sent about a build that begins to wait, in the transaction in which it does."""
    if build.status is not BuildStatus.WAITING or not plan.announcements:
        return
    wished = [
        Announcement(
            id=0,
            build_id=build.id,
            label=gate.label,
            step=step.id,
            notification=step.notification,
            dispatched_at=context.clock.now(),
        )
        for gate in build.gates or ()
        for step in plan.announcements.get(gate.label, ())
    ]
    added = context.store.announcements.add(wished)
    for queue in context.fleet.queues(CHECKS_QUEUE, plan.tags, team):
        context.doorbell.ring(queue, [one.id for one in added], announcement_message)


class Announcements:
    """Each is sent by one worker at a time, and once at least; one that nobody needs any more is dropped."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def of_build(self, build: Build) -> list[Announcement]:
        """Those of the build, with the reason why one that waits gets no worker."""
        return [self._explained(build, one) for one in self._store.announcements.of_build(build.id)]

    def claim(self, announcement_id: int, by: Claimant) -> AnnouncementAssignment:
        """See `Gateway.claim_announcement`."""
        try:
            return self._claim(announcement_id, by)
        except _DroppedError:
            self._drop(announcement_id)
            raise
        except TooOldError:
            self._pass_on(announcement_id)
            raise

    def finish(self, announcement_id: int, claim: int, result: AnnouncementResult, by: Claimant | None = None) -> None:
        """See `Gateway.finish_announcement`; the claim must be that of `by`, if given."""
        status = AnnouncementStatus.FAILED if result.error else AnnouncementStatus.SENT
        with self._store.transaction():
            known = self._require_current(announcement_id, claim)
            if known.status is not AnnouncementStatus.PENDING:
                return
            self._require_mine(announcement_id, claim, by)
            now, reason = self._context.clock.now(), result.error[:_MAX_REASON]
            if not self._store.announcements.finish(announcement_id, claim, status, reason, now):
                raise _stale(announcement_id, claim)
        self._context.notify(build_topic(known.build_id))

    def require_claim(self, announcement_id: int, claim: int, by: Claimant | None) -> tuple[Pipeline, JobExcerpt]:
        """What the holder of a claim that still runs may see. Raises StaleClaimError."""
        known = self._require_current(announcement_id, claim)
        work = self._work(known)
        if known.status is not AnnouncementStatus.PENDING or known.worker is None or work is None:
            raise _stale(announcement_id, claim)
        self._require_mine(announcement_id, claim, by)
        return work.pipeline, work.excerpt

    def sweep(self, before: float) -> int:
        """Publish again those published before `before` and claimed by nobody, and those that lost their worker."""
        announcements, limit = self._store.announcements, self._context.settings.due_batch
        if not announcements.is_any_open():
            return 0
        with self._store.transaction():
            now = self._context.clock.now()
            lapsed = announcements.requeue_expired(now)
            dropped = announcements.drop_decided(DECIDED, now)
        self._context.measures.leases_taken_back["announcement"] += lapsed
        again = publish_again(
            self._context,
            lambda: announcements.take_stale(before, limit),
            self._by_queue,
            announcements.count_claimed,
            lambda found, now: announcements.mark_dispatched([one.id for one in found], now),
        )
        for queue, found in self._by_queue(again).items():
            self._context.doorbell.ring(queue, [one.id for one in found], announcement_message)
        return dropped + lapsed + len(again)

    def _claim(self, announcement_id: int, by: Claimant) -> AnnouncementAssignment:
        now, settings = self._context.clock.now(), self._context.settings
        with self._store.transaction():
            until = now + settings.lease
            known = self._store.announcements.claim(announcement_id, by.name, by.instance, now, until)
            build = self._store.builds.get(known.build_id) if known else None
            if known is None or build is None:
                raise ConflictError(f"announcement {announcement_id} is taken, ended or unknown")
            text, work = self._open(build, known), self._work(known)
            if not text or work is None:
                raise _DroppedError(f"announcement {announcement_id} needs not be sent any more")
            self._context.fleet.require_able(by, CHECKS_QUEUE, work.plan.tags, work.pipeline.team)
            if self._context.fleet.level(by) < work.need.level:
                part = work.need.part
                raise TooOldError(announcement_id, f"the message needs {part}, which is newer than worker {by.name}")
            info = info_of(settings, build, work.pipeline, work.plan)
            inputs = self._store.builds.inputs(build.id)
            name = full_name(info.team, info.pipeline, info.job, number=info.number)
            return AnnouncementAssignment(
                announcement_id=known.id,
                claim=known.claim,
                lease=settings.lease,
                work=assignment_of(settings, work.spec, work.plan, info, inputs, work.excerpt, 0),
                text=f"{name} waits for approval: {text}",
            )

    def _open(self, build: Build, known: Announcement) -> str:
        """What is missing, in a sentence; empty where nobody has to be asked any more."""
        if build.status is not BuildStatus.WAITING:
            return ""
        still_open = open_gates(build.gates or [], self._store.builds.votes(build.id))
        return next((one.sentence for one in still_open if one.gate.label == known.label), "")

    def _work(self, known: Announcement) -> _Work | None:
        """None where the pipeline does not send it any more."""
        pipeline = self._store.pipelines.get(known.pipeline_id)
        compiled = self._context.compiled.get(pipeline) if pipeline else None
        plan = compiled.plans.get(known.job) if compiled else None
        found = _find(plan.announcements.get(known.label, []), known) if plan else None
        if pipeline is None or compiled is None or plan is None or found is None:
            return None
        step = msgspec.structs.replace(found, id=f"approve/{known.id}")
        cut = JobPlan(name=plan.name, env=plan.env, inputs=plan.inputs, tags=plan.tags, steps=[step])
        return _Work(pipeline, compiled.spec, cut, job_excerpt(compiled.spec, cut, ends=False))

    def _drop(self, announcement_id: int) -> None:
        """End one that was just found to be needed no more, unless somebody else has it by now."""
        with self._store.transaction():
            known = self._store.announcements.get(announcement_id)
            if known is None or known.dispatched_at is None:
                return
            reason = _LEFT if self._work(known) is None else DECIDED
            now, dropped = self._context.clock.now(), AnnouncementStatus.DROPPED
            self._store.announcements.finish(announcement_id, known.claim, dropped, reason, now)
        self._context.notify(build_topic(known.build_id))

    def _pass_on(self, announcement_id: int) -> None:
        """Ring again for a worker that is newer, if there is one, as `passing_on` does for builds."""
        known = self._store.announcements.get(announcement_id)
        work = self._work(known) if known else None
        if known is None or work is None:
            return
        tags, team = work.plan.tags, work.pipeline.team
        if self._context.fleet.able(CHECKS_QUEUE, tags, team, work.need.level):
            for queue in self._context.fleet.queues(CHECKS_QUEUE, tags, team):
                self._context.doorbell.ring(queue, [known.id], announcement_message)
            gevent.sleep(self._context.settings.old_worker_pause)

    def _by_queue(self, found: Sequence[Announcement]) -> dict[str, list[Announcement]]:
        """The announcements, by the queues that they belong to now; those that nobody sends any more by any queue."""
        grouped: dict[str, list[Announcement]] = {}
        for one in found:
            work = self._work(one)
            tags, team = (work.plan.tags, work.pipeline.team) if work else ([], "")
            for queue in self._context.fleet.queues(CHECKS_QUEUE, tags, team):
                grouped.setdefault(queue, []).append(one)
        return grouped

    def _explained(self, build: Build, one: Announcement) -> Announcement:
        if one.status is not AnnouncementStatus.PENDING or one.dispatched_at is None:
            return one
        work = self._work(one)
        if build.status is not BuildStatus.WAITING or work is None:
            return one
        tags, team = work.plan.tags, work.pipeline.team
        reason = self._context.fleet.waiting_reason(CHECKS_QUEUE, tags, team, work.need)
        return msgspec.structs.replace(one, reason=reason)

    def _require_current(self, announcement_id: int, claim: int) -> Announcement:
        known = self._store.announcements.get(announcement_id)
        if known is None or known.claim != claim:
            raise _stale(announcement_id, claim)
        return known

    def _require_mine(self, announcement_id: int, claim: int, by: Claimant | None) -> None:
        if by is not None:
            holder = self._store.announcements.holder(announcement_id)
            by.require_mine(holder, f"claim {claim} of announcement {announcement_id}")


def _find(steps: Sequence[NotifyStep], known: Announcement) -> NotifyStep | None:
    """The block that the announcement was made for, also where others were put before it meanwhile."""
    like = [step for step in steps if step.notification == known.notification]
    return next((step for step in like if step.id == known.step), like[0] if like else None)


def _stale(announcement_id: int, claim: int) -> StaleClaimError:
    return StaleClaimError(f"claim {claim} of announcement {announcement_id} is no longer current")
