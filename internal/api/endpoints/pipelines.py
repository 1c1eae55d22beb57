"""Pipelines."""

from __future__ import annotations

import falcon

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import GraphQuery, NewPipeline, PageQuery, SetPipeline
from pikoci.internal.api.parsing import as_json
from pikoci.internal.api.problems import UnprocessableError
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.drawing import badge, dot, mermaid, svg
from pikoci.internal.service import Services


class Pipelines:
    """`/teams/{team}/pipelines` and what is below, but for jobs and resources."""

    def __init__(self, services: Services) -> None:
        self._pipelines = services.pipelines

    def list(self, request: ApiRequest, team: str, query: PageQuery) -> views.Listing[views.PipelineView]:
        """A team's pipelines that the caller may see."""
        page = self._pipelines.list(request.principal, team, limit=query.limit, cursor=query.cursor)
        return views.Listing([render.pipeline(one) for one in page.items], page.next)

    def create(self, request: ApiRequest, team: str, body: NewPipeline) -> views.SetView:
        """Make a new pipeline. Raises ConflictError where there is one of that name."""
        return self._set(request, team, body.name, body, must_be_new=True)

    def set(self, request: ApiRequest, team: str, pipeline: str, body: SetPipeline) -> views.SetView:
        """Make a pipeline what the file says, whether it exists or not."""
        _require_same(pipeline, body)
        return self._set(request, team, pipeline, body)

    def plan(self, request: ApiRequest, team: str, pipeline: str, body: SetPipeline) -> views.PlanView:
        """Say what setting the pipeline would change and start, without doing it."""
        _require_same(pipeline, body)
        found, outlook = self._pipelines.plan(request.principal, team, pipeline, body.config, body.vars)
        starts = [views.StartView(start.job, start.builds) for start in outlook.starts]
        changes, warnings = render.changes(found.changes), list(found.warnings)
        return views.PlanView(changes, warnings, starts, list(outlook.checks), outlook.unseen)

    def get(self, request: ApiRequest, team: str, pipeline: str) -> views.PipelineDetailView:
        """A pipeline, with its file for the team's members."""
        overview = self._pipelines.get(request.principal, team, pipeline)
        may_read = request.principal.may(team, Role.READ, pipeline)
        config = self._pipelines.source(request.principal, team, pipeline) if may_read else None
        return views.PipelineDetailView(render.pipeline(overview), config)

    def delete(self, request: ApiRequest, team: str, pipeline: str) -> None:
        """Remove a pipeline with all its history."""
        self._pipelines.delete(request.principal, team, pipeline)

    def pause(self, request: ApiRequest, team: str, pipeline: str) -> None:
        """Start no new builds in the pipeline."""
        self._pipelines.pause(request.principal, team, pipeline)

    def unpause(self, request: ApiRequest, team: str, pipeline: str) -> None:
        """Undo a pause."""
        self._pipelines.unpause(request.principal, team, pipeline)

    def publish(self, request: ApiRequest, team: str, pipeline: str) -> None:
        """Show status, graph and logs to everybody."""
        self._pipelines.publish(request.principal, team, pipeline)

    def unpublish(self, request: ApiRequest, team: str, pipeline: str) -> None:
        """Undo a publish."""
        self._pipelines.unpublish(request.principal, team, pipeline)

    def graph(
        self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, query: GraphQuery
    ) -> None:
        """The graph as JSON, in the language of Graphviz or Mermaid, or as a picture."""
        found = self._pipelines.graph(request.principal, team, pipeline)
        if query.format == "json":
            response.data = as_json(render.graph(found))
        elif query.format == "dot":
            response.content_type = "text/vnd.graphviz; charset=utf-8"
            response.text = dot(pipeline, found)
        elif query.format == "mermaid":
            response.content_type = "text/plain; charset=utf-8"
            response.text = mermaid(found)
        else:
            response.content_type = "image/svg+xml"
            response.text = svg(found)

    def badge(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str) -> None:
        """A small picture of how the pipeline stands."""
        summary = self._pipelines.summary(request.principal, team, pipeline)
        response.content_type = "image/svg+xml"
        # Other sites show it.
        response.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        response.text = badge(summary)

    def _set(
        self, request: ApiRequest, team: str, name: str, body: SetPipeline | NewPipeline, *, must_be_new: bool = False
    ) -> views.SetView:
        _, found = self._pipelines.set(request.principal, team, name, body.config, body.vars, must_be_new=must_be_new)
        overview = self._pipelines.get(request.principal, team, name)
        return views.SetView(render.pipeline(overview), render.changes(found.changes), list(found.warnings))


def _require_same(pipeline: str, body: SetPipeline) -> None:
    if body.name not in {None, pipeline}:
        raise UnprocessableError(f"`name` must be {pipeline}, as in the address", hint="leave `name` out")
