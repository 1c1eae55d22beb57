"""Pipelines."""

from __future__ import annotations

import falcon

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import GraphQuery, NewPipeline, PageQuery, SetPipeline
from pikoci.internal.api.drawing import badge, dot, svg
from pikoci.internal.api.parsing import as_json
from pikoci.internal.api.problems import UnprocessableError
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.service import Services
from pikoci.internal.service.use_cases.pipelines import Evaluated


class Pipelines:
    """`/teams/{team}/pipelines` and what is below, but for jobs and resources."""

    def __init__(self, services: Services) -> None:
        self._pipelines = services.pipelines

    def list(self, request: ApiRequest, team: str, query: PageQuery) -> views.Listing[views.PipelineView]:
        """A team's pipelines that the caller may see."""
        page = self._pipelines.list(request.principal, team, limit=query.limit, cursor=query.cursor)
        return views.Listing([render.pipeline(one) for one in page.items], page.next)

    def read_new(self, request: ApiRequest, team: str, body: NewPipeline) -> Evaluated:
        """Evaluate the file of a pipeline that is to be made."""
        return self._pipelines.evaluate(request.principal, team, body.name, body.config, body.vars)

    def create(self, request: ApiRequest, team: str, body: NewPipeline, prepared: Evaluated) -> views.SetView:
        """Make a new pipeline. Raises ConflictError where there is one of that name."""
        try:
            self._pipelines.get(request.principal, team, prepared.name)
        except NotFoundError:
            return self._set(request, team, prepared)
        raise ConflictError(f"team {team} has a pipeline {body.name} already", hint="PUT to its address to change it")

    def read(self, request: ApiRequest, team: str, pipeline: str, body: SetPipeline) -> Evaluated:
        """Evaluate the file of a pipeline that is to be set."""
        if body.name not in {None, pipeline}:
            raise UnprocessableError(f"`name` must be {pipeline}, as in the address", hint="leave `name` out")
        return self._pipelines.evaluate(request.principal, team, pipeline, body.config, body.vars)

    def set(
        self, request: ApiRequest, team: str, pipeline: str, body: SetPipeline, prepared: Evaluated
    ) -> views.SetView:
        """Make a pipeline what the file says, whether it exists or not."""
        del pipeline, body
        return self._set(request, team, prepared)

    def plan(
        self, request: ApiRequest, team: str, pipeline: str, body: SetPipeline, prepared: Evaluated
    ) -> views.PlanView:
        """Say what setting the pipeline would change, without doing it."""
        del pipeline, body
        changes = self._pipelines.preview(request.principal, team, prepared)
        return views.PlanView(render.changes(changes), list(prepared.warnings))

    def get(self, request: ApiRequest, team: str, pipeline: str) -> views.PipelineDetailView:
        """A pipeline, with its file for the team's members."""
        overview = self._pipelines.get(request.principal, team, pipeline)
        may_read = request.principal.may(team, Role.READ)
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
        """The graph as JSON, in Graphviz' language or as a picture."""
        found = self._pipelines.graph(request.principal, team, pipeline)
        if query.format == "json":
            response.data = as_json(render.graph(found))
        elif query.format == "dot":
            response.content_type = "text/vnd.graphviz; charset=utf-8"
            response.text = dot(pipeline, found)
        else:
            response.content_type = "image/svg+xml"
            response.text = svg(found)

    def badge(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str) -> None:
        """A small picture of how the pipeline stands."""
        overview = self._pipelines.get(request.principal, team, pipeline)
        response.content_type = "image/svg+xml"
        # Other sites show it.
        response.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        response.text = badge(overview)

    def _set(self, request: ApiRequest, team: str, wished: Evaluated) -> views.SetView:
        _, changes = self._pipelines.apply(request.principal, team, wished)
        overview = self._pipelines.get(request.principal, team, wished.name)
        return views.SetView(render.pipeline(overview), render.changes(changes), list(wished.warnings))
