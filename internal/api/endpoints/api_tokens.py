"""API tokens of users and teams."""

from __future__ import annotations

from pikoci.internal.api import credential_views, render, views
from pikoci.internal.api.credential_bodies import ApiTokenQuery, NewApiToken
from pikoci.internal.api.problems import UnprocessableError
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.service import Services
from pikoci.internal.service.use_cases.api_tokens import Wish


class ApiTokens:
    """`/api-tokens`."""

    def __init__(self, services: Services) -> None:
        self._tokens = services.api_tokens

    def list(self, request: ApiRequest, query: ApiTokenQuery) -> views.Listing[credential_views.ApiTokenView]:
        """What is known of the caller's tokens, a team's own, or another user's."""
        found = self._tokens.list(request.principal, query.team or "", query.user or "")
        return render.part([credential_views.api_token(one) for one in found], query.limit, query.cursor)

    def create(self, request: ApiRequest, body: NewApiToken) -> credential_views.NewApiTokenView:
        """Make a token. Raises UnprocessableError for limits that don't go together."""
        wish = Wish(
            name=body.name,
            role=Role(body.role),
            team=body.team or "",
            pipeline=body.pipeline or "",
            of_team=body.of_team,
            read_only=body.read_only,
            is_admin=body.is_admin,
            lifetime=body.expires_in,
        )
        try:
            return credential_views.new_api_token(*self._tokens.create(request.principal, wish))
        except InvalidError as error:
            raise UnprocessableError(error.message, hint=error.hint) from error

    def revoke(self, request: ApiRequest, api_token_id: int) -> None:
        """Refuse a token from now on."""
        self._tokens.revoke(request.principal, api_token_id)
