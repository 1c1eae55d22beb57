"""Builds that wait for approval, and the votes on them."""

from __future__ import annotations

from pikoci.internal.domain.approval import Vote
from pikoci.internal.domain.build import Build
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import BUILDS, VOTES

OF_BUILD = f"{VOTES.select} WHERE build_id = ?"
SAVE_VOTE = f"{VOTES.insert()} ON CONFLICT (build_id, label, voter) DO UPDATE SET {VOTES.excluded}"
TAKE_UNAPPROVED = (
    f"{BUILDS.select} WHERE status = 'waiting' AND waits_until <= ?"
    " ORDER BY waits_until LIMIT ? FOR NO KEY UPDATE SKIP LOCKED"
)


class SqlBuildVotes:
    """The part of `BuildRepository` that is about approvals."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save_vote(self, vote: Vote) -> None:
        """See `BuildRepository`."""
        self._session.write(SAVE_VOTE, VOTES.values(vote))

    def votes(self, build_id: int) -> list[Vote]:
        """See `BuildRepository`."""
        votes = [VOTES.read(row) for row in self._session.rows(OF_BUILD, (build_id,))]
        return sorted(votes, key=lambda vote: (vote.at, vote.label, vote.voter))

    def take_unapproved(self, now: float, limit: int) -> list[Build]:
        """See `BuildRepository`."""
        return [BUILDS.read(row) for row in self._session.change(TAKE_UNAPPROVED, (now, limit))]
