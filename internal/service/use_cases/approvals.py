"""Voting on builds that wait for approval."""

from __future__ import annotations

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.approval import Vote, gate_named, no_vote, stated_reason
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, NotFoundError, PermissionDeniedError
from pikoci.internal.domain.naming import full_name
from pikoci.internal.service.lifecycle.approving import Approving
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_build, find_pipeline, name_of
from pikoci.internal.service.use_cases.audited import audited


class ApprovalService:
    """Use cases around votes. A person has one vote for each label; whatever token it comes with, it is that person's.

    It counts as long as the build waits, whatever becomes of the voter's role meanwhile.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    @audited("build.approve", "team pipeline job number", tells="label")
    def approve(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        job: str,
        number: str,
        label: str = "",
        reason: str = "",
    ) -> Build:
        """Approve (role maintain); the last approval that was missing lets the build go on.

        `label` may be left out where the build waits for one only. The same vote again changes nothing. Raises
        NotFoundError, also for a label that is not there, InvalidError for a reason that cannot be, and ConflictError
        where nothing waits for a vote, or a label is missing.
        """
        return self._vote(principal, (team, pipeline, job, number), label, stated_reason(reason, approves=True), True)

    @audited("build.reject", "team pipeline job number", tells="label")
    def reject(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        job: str,
        number: str,
        reason: str,
        label: str = "",
    ) -> Build:
        """Reject (role maintain): the build fails at once, whoever approved it. Raises as `approve` does."""
        return self._vote(principal, (team, pipeline, job, number), label, stated_reason(reason, approves=False), False)

    def _vote(
        self, principal: Principal, where: tuple[str, str, str, str], label: str, reason: str, approves: bool
    ) -> Build:
        team, pipeline, job, number = where
        found = find_pipeline(self._store, principal, team, pipeline, Role.MAINTAIN)
        if principal.token is not None and principal.token.user_id is None:
            raise PermissionDeniedError("a team's token has no vote", hint="approve with a login, or a personal token")
        build_id = find_build(self._store, found, job, number).id
        with self._store.transaction():
            build = self._store.builds.lock(build_id)
            if build is None:
                raise NotFoundError(f"job {job} has no build {number}")
            if not self._has_said(build, name_of(principal), label, approves):
                vote = self._checked(build, name_of(principal), label, reason, approves)
                build = Approving(self._context).count(build, vote)
        return self._context.waiting.explain(principal, build)

    def _has_said(self, build: Build, voter: str, label: str, approves: bool) -> bool:
        """Whether this vote came before, and the build stands as votes made it."""
        if build.status.is_final and (approves or build.status is not BuildStatus.FAILED):
            return False
        said = [
            vote for vote in self._store.builds.votes(build.id) if vote.voter == voter and vote.approves is approves
        ]
        only = len(build.gates or ()) == 1
        return any(vote.label == label or (only and not label) for vote in said)

    def _checked(self, build: Build, voter: str, label: str, reason: str, approves: bool) -> Vote:
        now = self._context.clock.now()
        if build.status is not BuildStatus.WAITING:
            raise no_vote(build.job, build.name, build.status, resolved=build.inputs_resolved)
        if build.waits_until is not None and build.waits_until <= now:
            raise ConflictError(f"the time to approve build {full_name(build.job, number=build.name)} is over")
        label = gate_named(build.gates or [], label)
        return Vote(build_id=build.id, label=label, voter=voter, approves=approves, reason=reason, at=now)
