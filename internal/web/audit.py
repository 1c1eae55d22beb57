"""Who changed what, for administrators."""

from __future__ import annotations

from urllib.parse import urlencode

import falcon

from pikoci.internal.api import ApiRequest
from pikoci.internal.api.names import read_path
from pikoci.internal.domain.audit import AuditFilter
from pikoci.internal.web.page import Page

_PER_PAGE = 50
#: What the form asks for, with the labels of its fields.
_FIELDS = {"actor": "Who", "action": "What", "object": "On", "outcome": "Outcome"}


class AuditPage(Page):
    """The audit log of a team, or of everything, newest first, part by part."""

    def on_get(self, request: ApiRequest, response: falcon.Response, team: str = "") -> None:
        """The page. Raises PermissionDeniedError, and NotFoundError for a team that one may not know."""
        if team:
            read_path({"team": team})
        asked = {name: (request.get_param(name) or "").strip() for name in _FIELDS}
        cursor = request.get_param("cursor")
        principal = request.principal
        wanted = AuditFilter(
            actor=asked["actor"], action=asked["action"], object=asked["object"], outcome=asked["outcome"]
        )
        audit = self._services.audit
        if team:
            page = audit.list_of_team(principal, team, wanted, limit=_PER_PAGE, cursor=cursor)
        else:
            page = audit.list(principal, wanted, limit=_PER_PAGE, cursor=cursor)
        given = urlencode({name: text for name, text in asked.items() if text})
        self._renderer.render(
            request,
            response,
            "audit.html",
            team=team,
            entries=page.items,
            fields=[(name, label, asked[name]) for name, label in _FIELDS.items()],
            given=given,
            next=page.next,
            later=cursor is not None,
        )

    on_head = on_get
