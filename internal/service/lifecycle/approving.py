"""Builds that wait for people's approval: they begin to, have it, are rejected, or are too late."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.approval import (
    GateStanding,
    Vote,
    gates_of,
    open_gates,
    rejection_reason,
    timeout_reason,
    waiting_reason,
    waits_until,
)
from pikoci.internal.domain.build import Build, BuildStatus, check_transition
from pikoci.internal.domain.plan import JobPlan
from pikoci.internal.service.lifecycle.requeue import TakeBack
from pikoci.internal.service.plumbing.bus import SCHEDULE, build_topic
from pikoci.internal.service.plumbing.context import Context


def gated(build: Build, plan: JobPlan, now: float) -> Build:
    """The build, which has its inputs, as its job lets it go on: waiting if it needs an approval that it never had."""
    if not plan.approvals or build.approved_at is not None:
        return build
    gates = gates_of(plan.approvals, now)
    begun = msgspec.structs.replace(build, status=BuildStatus.WAITING, gates=gates, dispatched_at=None)
    return _waiting(begun, open_gates(gates))


class Approving:
    """What votes and time make of builds that wait. Used within a transaction that has locked the build."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def count(self, build: Build, vote: Vote) -> Build:
        """Keep a vote, and do what it calls for."""
        self._store.builds.save_vote(vote)
        if not vote.approves:
            return self._fail(build, rejection_reason(vote))
        still_open = open_gates(build.gates or [], self._store.builds.votes(build.id))
        if still_open:
            waiting = _waiting(build, still_open)
            self._store.builds.save(waiting)
            self._context.notify(build_topic(build.id))
            return waiting
        return self._release(build)

    def expire(self, limit: int) -> int:
        """Fail builds that were not approved in time; in a transaction of its own. Returns how many."""
        now = self._context.clock.now()
        with self._store.transaction():
            late = self._store.builds.take_unapproved(now, limit)
            for build in late:
                still_open = open_gates(build.gates or [], self._store.builds.votes(build.id))
                self._fail(build, timeout_reason(still_open, now))
        return len(late)

    def _release(self, build: Build) -> Build:
        """The scheduler gives it out as it does all that wait for a slot: pauses and limits are looked at there."""
        check_transition(build.status, BuildStatus.PENDING)
        released = msgspec.structs.replace(
            build,
            status=BuildStatus.PENDING,
            reason="",
            waits_until=None,
            approved_at=self._context.clock.now(),
        )
        self._store.builds.save(released)
        self._store.jobs.request_scheduling([build.job_id])
        self._context.notify(build_topic(build.id), SCHEDULE)
        return released

    def _fail(self, build: Build, reason: str) -> Build:
        """Also where the job may fail: what people refused has not passed it."""
        failed = TakeBack(self._context).end(build, BuildStatus.FAILED, reason)
        self._context.notify(build_topic(build.id), SCHEDULE)
        return failed


def _waiting(build: Build, still_open: Sequence[GateStanding]) -> Build:
    return msgspec.structs.replace(build, reason=waiting_reason(still_open), waits_until=waits_until(still_open))
