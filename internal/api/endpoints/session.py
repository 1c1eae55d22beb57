"""Logging in, and one's own account."""

from __future__ import annotations

from pikoci.internal.api import credential_views, views
from pikoci.internal.api.bodies import Login, NewPassword
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services
from pikoci.internal.service.use_cases.access import require_login


class Session:
    """`/login`, `/logout` and `/profile`."""

    def __init__(self, services: Services) -> None:
        self._accounts = services.accounts
        self._sessions = services.sessions

    def login(self, request: ApiRequest, body: Login) -> views.TokenView:
        """A token for a name and password."""
        user = self._accounts.login(body.name, body.password, request.client, request.address)
        return views.TokenView(self._sessions.begin(user, request.client, request.user_agent or ""))

    def logout(self, request: ApiRequest) -> None:
        """End the session that the request came with, and no other."""
        require_login(request.principal)
        if request.session is not None:
            self._accounts.log_out(request.session, request.principal)

    def profile(self, request: ApiRequest) -> views.ProfileView:
        """Who is logged in."""
        principal = request.principal
        user = principal.require_user()
        teams = {team: role.value for team, role in principal.effective_roles().items()}
        token = credential_views.api_token(principal.token) if principal.token else None
        return views.ProfileView(user.name, principal.is_admin, user.must_change_password, teams, token)

    def change_password(self, request: ApiRequest, body: NewPassword) -> views.TokenView:
        """Change the password; every session ends, and the answer holds the token of a new one."""
        user = self._accounts.change_password(request.principal, body.current, body.new)
        return views.TokenView(self._sessions.begin(user, request.client, request.user_agent or ""))
