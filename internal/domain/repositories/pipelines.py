"""Pipelines and their jobs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Protocol

from pikoci.internal.domain.build import Standing
from pikoci.internal.domain.pipeline import (
    Job,
    JobOverview,
    Page,
    Pipeline,
    PipelineSource,
)


class PipelineRepository(Protocol):
    """Pipelines and their sources."""

    def create(self, team_id: int, name: str, source: PipelineSource, now: float) -> Pipeline:
        """Raises ConflictError when the team has one of that name."""

    def update(self, pipeline_id: int, source: PipelineSource, now: float) -> Pipeline:
        """Replace the source; the revision grows by one."""

    def get(self, pipeline_id: int) -> Pipeline | None:
        """The pipeline, or None."""

    def lock(self, pipeline_id: int) -> Pipeline | None:
        """Lock and return the pipeline, or None."""

    def find(self, team: str, name: str) -> Pipeline | None:
        """The pipeline of that team and name, or None."""

    def list(self, team: str | None, *, public_only: bool, limit: int, cursor: str | None) -> Page[Pipeline]:
        """By team and name. Raises InvalidError for a cursor that it did not make."""

    def source(self, pipeline_id: int) -> PipelineSource:
        """The text, variables and evaluated form.

        Raises NotFoundError, and ConflictError where they are encrypted with a key that this server does not have.
        """

    def set_paused(self, pipeline_id: int, paused: bool) -> None:
        """Pause or unpause."""

    def set_public(self, pipeline_id: int, public: bool) -> None:
        """Publish or unpublish."""


class JobRepository(Protocol):
    """Jobs, and the requests to look at their inputs."""

    def sync(self, pipeline_id: int, names: Sequence[str]) -> list[Job]:
        """Make the pipeline's jobs be `names`, in order: make new ones, revive and archive others."""

    def get(self, job_id: int) -> Job | None:
        """The job, archived or not, or None."""

    def find(self, pipeline_id: int, name: str) -> Job | None:
        """Archived ones too."""

    def list(self, pipeline_id: int, *, archived: bool = False) -> list[Job]:
        """In file order; archived ones only when asked for."""

    def overview(self, job_id: int) -> JobOverview | None:
        """The job, archived or not, with its latest builds, or None."""

    def overviews(self, pipeline_ids: Sequence[int]) -> dict[int, builtins.list[JobOverview]]:
        """Pipeline id -> its jobs (not archived) with their latest builds; a bounded number of queries."""

    def standings(self, pipeline_ids: Sequence[int]) -> dict[int, dict[Standing, int]]:
        """Pipeline id -> how many of its jobs (not archived) stand in each way; no build is loaded."""

    def lock(self, job_ids: Sequence[int]) -> builtins.list[Job]:
        """Lock jobs in id order, so that two servers never wait for each other in a circle."""

    def set_paused(self, job_id: int, paused: bool) -> None:
        """Pause or unpause."""

    def request_scheduling(self, job_ids: Sequence[int]) -> None:
        """Remember, in this transaction, that the inputs and the waiting builds of these jobs must be looked at."""

    def take_scheduling_requests(self, limit: int) -> builtins.list[Job]:
        """Lock and clear up to `limit` requests (oldest first, locked ones skipped). A rollback brings them back."""
