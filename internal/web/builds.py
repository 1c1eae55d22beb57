"""A build: its steps, and their log as it comes."""

from __future__ import annotations

import falcon

from pikoci.internal.api import ApiRequest
from pikoci.internal.api.names import read_path
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.web.addresses import address
from pikoci.internal.web.log import Tail, read_tail, sections
from pikoci.internal.web.page import Page, read_form, redirect

#: How much of a log's end a page holds, in bytes.
SHOWN = 256 * 1024


class BuildPage(Page):
    """A build. With `?log=none` the page holds no log: the script asks so for all that is not log."""

    def on_get(
        self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str, number: str
    ) -> None:
        """The page, with the log so far. Raises NotFoundError."""
        read_path({"team": team, "pipeline": pipeline, "job": job, "number": number})
        detail = self._services.builds.get(request.principal, team, pipeline, job, number)
        tail = self._tail(detail.build) if request.get_param("log") != "none" else Tail(start=0, chunks=[])
        self._renderer.render(
            request,
            response,
            "build.html",
            team=team,
            pipeline=pipeline,
            detail=detail,
            build=detail.build,
            sections=self._services.context.run_in_thread(sections, detail, tail),
            start=tail.start,
            shown=SHOWN,
            api=f"/api/v1{address(team, pipeline, job, detail.build.name)}",
            member=request.principal.may(team, Role.READ),
            may_write=request.principal.may(team, Role.WRITE),
            may_vote=request.principal.may(team, Role.MAINTAIN) and detail.build.status is BuildStatus.WAITING,
        )

    on_head = on_get

    def on_post(
        self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str, number: str
    ) -> None:
        """Cancel or vote, and show the page again; or retry, and show the new build.

        Raises InvalidError for another action.
        """
        read_path({"team": team, "pipeline": pipeline, "job": job, "number": number})
        fields = read_form(request)
        action = fields.get("action")
        if action == "cancel":
            name = self._services.builds.cancel(request.principal, team, pipeline, job, number).name
        elif action == "retry":
            retry = self._services.builds.retry
            name = self._once(request, fields, lambda: retry(request.principal, team, pipeline, job, number).name)
        elif action in {"approve", "reject"}:
            vote = getattr(self._services.approvals, action)
            said = {name: fields.get(name, "") for name in ("label", "reason")}
            name = vote(request.principal, team, pipeline, job, number, **said).name
        else:
            raise InvalidError("a build has no such action", hint="go back, and use the buttons of the page")
        redirect(response, address(team, pipeline, job, name))

    def _tail(self, build: Build) -> Tail:
        return read_tail(self._services.builds, build, SHOWN)
