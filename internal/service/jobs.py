"""Showing and pausing jobs."""

from __future__ import annotations

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.pipeline import JobOverview
from pikoci.internal.service.context import Context


class JobService:
    """Use cases around one job."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, principal: Principal, team: str, pipeline: str) -> list[JobOverview]:
        """The pipeline's jobs (not archived) in file order, each with its latest and latest finished build."""
        raise NotImplementedError

    def get(self, principal: Principal, team: str, pipeline: str, job: str) -> JobOverview:
        """One job, archived ones too. Raises NotFoundError."""
        raise NotImplementedError

    def pause(self, principal: Principal, team: str, pipeline: str, job: str) -> None:
        """Start no new builds of it (role write): waiting ones wait, also those that no worker took yet. Idempotent."""
        raise NotImplementedError

    def unpause(self, principal: Principal, team: str, pipeline: str, job: str) -> None:
        """Undo `pause`: what waits is looked at, at once. Idempotent."""
        raise NotImplementedError
