"""A job and its builds."""

from __future__ import annotations

import falcon

from pikoci.internal.api import ApiRequest
from pikoci.internal.api.names import read_path
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.web.addresses import address
from pikoci.internal.web.page import Page, read_form, redirect

_PER_PAGE = 30


class JobPage(Page):
    """A job's builds, newest first, part by part."""

    def on_get(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str) -> None:
        """The page. Raises NotFoundError."""
        read_path({"team": team, "pipeline": pipeline, "job": job})
        cursor = request.get_param("cursor")
        overview = self._services.jobs.get(request.principal, team, pipeline, job)
        builds = self._services.builds.list(request.principal, team, pipeline, job, limit=_PER_PAGE, cursor=cursor)
        self._renderer.render(
            request,
            response,
            "job.html",
            team=team,
            pipeline=pipeline,
            job=overview.job,
            overview=overview,
            builds=builds.items,
            next=builds.next,
            later=cursor is not None,
            may_write=request.principal.may(team, Role.WRITE),
        )

    on_head = on_get

    def on_post(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str) -> None:
        """Trigger, and show the new build; or pause or unpause. Raises InvalidError for another action."""
        read_path({"team": team, "pipeline": pipeline, "job": job})
        fields = read_form(request)
        action = fields.get("action")
        if action == "trigger":
            trigger = self._services.builds.trigger
            name = self._once(request, fields, lambda: trigger(request.principal, team, pipeline, job).name)
            return redirect(response, address(team, pipeline, job, name))
        if action == "pause":
            self._services.jobs.pause(request.principal, team, pipeline, job)
        elif action == "unpause":
            self._services.jobs.unpause(request.principal, team, pipeline, job)
        else:
            raise InvalidError("a job has no such action", hint="go back, and use the buttons of the page")
        return redirect(response, address(team, pipeline, job))
