"""The routes of API tokens and sessions."""

from __future__ import annotations

from typing import Any

from pikoci.internal.api import credential_bodies as bodies
from pikoci.internal.api import credential_views, views
from pikoci.internal.api.endpoints.api_tokens import ApiTokens
from pikoci.internal.api.endpoints.user_sessions import UserSessions
from pikoci.internal.api.route import Route
from pikoci.internal.service import Services

_TOKENS = "/api/v1/api-tokens"
_SESSIONS = "/api/v1/sessions"


def credential_routes(services: Services) -> list[Route]:
    """The routes, over these services."""
    tokens, sessions = ApiTokens(services), UserSessions(services)
    token, session = views.Listing[credential_views.ApiTokenView], views.Listing[credential_views.SessionView]
    # Who sees all may ask for those of a user or team that is not there.
    of_others: dict[str, Any] = {"problems": (403, 404)}
    new: dict[str, Any] = {"status": 201, "body": bodies.NewApiToken, "keeps_answer": False}
    done: dict[str, Any] = {"status": 204}
    return [
        Route("GET", _TOKENS, tokens.list, "API tokens, by name", token, query=bodies.ApiTokenQuery, **of_others),
        Route(
            "POST",
            _TOKENS,
            tokens.create,
            "Make an API token",
            credential_views.NewApiTokenView,
            problems=(404, 409, 422),
            **new,
        ),
        Route("DELETE", f"{_TOKENS}/{{api_token_id}}", tokens.revoke, "Revoke an API token", **done),
        Route("GET", _SESSIONS, sessions.list, "Open sessions", session, query=bodies.SessionQuery, **of_others),
        Route(
            "DELETE",
            _SESSIONS,
            sessions.end_others,
            "End all sessions but this one",
            query=bodies.OwnerQuery,
            problems=(404,),
            **done,
        ),
        Route("DELETE", f"{_SESSIONS}/{{session}}", sessions.end, "End a session", **done),
    ]
