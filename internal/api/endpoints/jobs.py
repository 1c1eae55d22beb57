"""Jobs."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import PageQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class Jobs:
    """`…/jobs` and `…/jobs/{job}`."""

    def __init__(self, services: Services) -> None:
        self._jobs = services.jobs

    def list(self, request: ApiRequest, team: str, pipeline: str, query: PageQuery) -> views.Listing[views.JobView]:
        """The pipeline's jobs, in file order."""
        found = [render.job(one, team, pipeline) for one in self._jobs.list(request.principal, team, pipeline)]
        return render.part(found, query.limit, query.cursor)

    def get(self, request: ApiRequest, team: str, pipeline: str, job: str) -> views.JobDetailView:
        """A job, also one that left the file; with its inputs."""
        return render.job_detail(self._jobs.get(request.principal, team, pipeline, job), team, pipeline)

    def pause(self, request: ApiRequest, team: str, pipeline: str, job: str) -> None:
        """Start no new builds of the job."""
        self._jobs.pause(request.principal, team, pipeline, job)

    def unpause(self, request: ApiRequest, team: str, pipeline: str, job: str) -> None:
        """Undo a pause."""
        self._jobs.unpause(request.principal, team, pipeline, job)
