"""Logins, listed and ended."""

from __future__ import annotations

from pikoci.internal.api import credential_views, render, views
from pikoci.internal.api.credential_bodies import OwnerQuery, SessionQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class UserSessions:
    """`/sessions`."""

    def __init__(self, services: Services) -> None:
        self._sessions = services.sessions

    def list(self, request: ApiRequest, query: SessionQuery) -> views.Listing[credential_views.SessionView]:
        """The open sessions of the caller, or of another user."""
        current = request.session.id if request.session else ""
        found = self._sessions.list(request.principal, query.user or "")
        return render.part([credential_views.session(one, current) for one in found], query.limit, query.cursor)

    def end_others(self, request: ApiRequest, query: OwnerQuery) -> None:
        """End all sessions of the caller but this one, or all of another user."""
        self._sessions.end_others(request.principal, request.session, query.user or "")

    def end(self, request: ApiRequest, session: str) -> None:
        """End one session."""
        self._sessions.end(request.principal, session)
