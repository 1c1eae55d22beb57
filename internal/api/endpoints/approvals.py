"""Votes on builds that wait for approval."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import Approve, Reject
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class Approvals:
    """`…/builds/{number}/approve` and `…/reject`. The same vote again changes nothing."""

    def __init__(self, services: Services) -> None:
        self._approvals = services.approvals

    def approve(
        self, request: ApiRequest, team: str, pipeline: str, job: str, number: str, body: Approve
    ) -> views.BuildView:
        """Approve a build; with the last approval that was missing it goes on."""
        build = self._approvals.approve(request.principal, team, pipeline, job, number, body.label, body.reason)
        return render.build(build, team, pipeline)

    def reject(
        self, request: ApiRequest, team: str, pipeline: str, job: str, number: str, body: Reject
    ) -> views.BuildView:
        """Reject a build, which has failed then."""
        build = self._approvals.reject(request.principal, team, pipeline, job, number, body.reason, body.label)
        return render.build(build, team, pipeline)
