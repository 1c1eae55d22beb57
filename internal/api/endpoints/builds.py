"""Builds."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import BuildQuery, Trigger
from pikoci.internal.api.parsing import nearest
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.service import Services


class Builds:
    """`…/jobs/{job}/builds` and what is below, but for logs and events."""

    def __init__(self, services: Services) -> None:
        self._builds = services.builds

    def trigger(self, request: ApiRequest, team: str, pipeline: str, job: str, body: Trigger) -> views.BuildView:
        """Start a build; `reason` says what it waits for, if anything."""
        build = self._builds.trigger(request.principal, team, pipeline, job, body.inputs, body.values)
        return render.build(build, team, pipeline)

    def list(
        self, request: ApiRequest, team: str, pipeline: str, job: str, query: BuildQuery
    ) -> views.Listing[views.BuildView]:
        """Builds of a job, newest first."""
        statuses = _statuses(query.status) if query.status else ()
        found = self._builds.list(
            request.principal, team, pipeline, job, statuses=statuses, limit=query.limit, cursor=query.cursor
        )
        return render.builds(found, team, pipeline)

    def get(self, request: ApiRequest, team: str, pipeline: str, job: str, number: str) -> views.BuildDetailView:
        """A build with its steps, inputs and outputs."""
        return render.build_detail(self._builds.get(request.principal, team, pipeline, job, number), team, pipeline)

    def reproduction(
        self, request: ApiRequest, team: str, pipeline: str, job: str, number: str
    ) -> views.ReproductionView:
        """What is needed to run the build's job elsewhere."""
        found = self._builds.reproduction(request.principal, team, pipeline, job, number)
        return views.ReproductionView(
            build=render.build(found.build, team, pipeline),
            config=found.config,
            changed_since=found.changed_since,
            variables=found.variables,
            secrets=found.secrets,
            inputs=found.inputs,
            values=found.build.values or {},
        )

    def cancel(self, request: ApiRequest, team: str, pipeline: str, job: str, number: str) -> views.BuildView:
        """Cancel a build: at once where it waits, else through its worker."""
        return render.build(self._builds.cancel(request.principal, team, pipeline, job, number), team, pipeline)

    def retry(self, request: ApiRequest, team: str, pipeline: str, job: str, number: str) -> views.BuildView:
        """Run an ended build again, with the very versions it had."""
        return render.build(self._builds.retry(request.principal, team, pipeline, job, number), team, pipeline)


def _statuses(text: str) -> list[BuildStatus]:
    known = [status.value for status in BuildStatus]
    for name in text.split(","):
        if name not in known:
            raise InvalidError(f"there is no build status `{name[:80]}`", hint=nearest(name, known))
    return [BuildStatus(name) for name in dict.fromkeys(text.split(","))]
