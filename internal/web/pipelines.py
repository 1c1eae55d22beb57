"""The list of pipelines, and one of them."""

from __future__ import annotations

import falcon

from pikoci.internal.api import ApiRequest
from pikoci.internal.api.names import read_path
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.web.addresses import address
from pikoci.internal.web.page import Page, read_form, redirect

_PER_PAGE = 50


class HomePage(Page):
    """`/`."""

    def on_get(self, request: ApiRequest, response: falcon.Response) -> None:
        """The pipelines that one may see. Raises UnauthenticatedError for a stranger who may see none."""
        cursor = request.get_param("cursor")
        found = self._services.pipelines.summaries(request.principal, limit=_PER_PAGE, cursor=cursor)
        if not found.items:
            request.principal.require_user()
        self._renderer.render(
            request, response, "home.html", pipelines=found.items, next=found.next, later=cursor is not None
        )

    on_head = on_get


class PipelinePage(Page):
    """A pipeline's jobs and resources."""

    def on_get(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str) -> None:
        """The page. Raises NotFoundError."""
        read_path({"team": team, "pipeline": pipeline})
        overview = self._services.pipelines.get(request.principal, team, pipeline)
        self._renderer.render(
            request,
            response,
            "pipeline.html",
            pipeline=overview.pipeline,
            jobs=overview.jobs,
            resources=self._services.resources.list(request.principal, team, pipeline),
            webhooks=f"{self._services.context.settings.external_url or request.prefix}/webhooks/",
            member=request.principal.may(team, Role.READ),
            may_write=request.principal.may(team, Role.WRITE),
        )

    on_head = on_get

    def on_post(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str) -> None:
        """Pause, unpause, or check a resource; then show the page again. Raises InvalidError for another action."""
        read_path({"team": team, "pipeline": pipeline})
        form = read_form(request)
        action, resource = form.get("action"), form.get("resource", "")
        if action == "pause":
            self._services.pipelines.pause(request.principal, team, pipeline)
        elif action == "unpause":
            self._services.pipelines.unpause(request.principal, team, pipeline)
        elif action == "check":
            read_path({"resource": resource})
            self._services.resources.check(request.principal, team, pipeline, resource)
        else:
            raise InvalidError("a pipeline has no such action", hint="go back, and use the buttons of the page")
        redirect(response, address(team, pipeline))
