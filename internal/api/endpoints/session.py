"""Logging in, and one's own account."""

from __future__ import annotations

from pikoci.internal.api import views
from pikoci.internal.api.bodies import Login, NewPassword
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class Session:
    """`/login`, `/logout` and `/profile`."""

    def __init__(self, services: Services) -> None:
        self._accounts = services.accounts
        self._tokens = services.tokens

    def login(self, request: ApiRequest, body: Login) -> views.TokenView:
        """A token for a name and password."""
        user = self._accounts.login(body.name, body.password, request.client, request.address)
        return views.TokenView(self._tokens.user_token(user))

    def logout(self, request: ApiRequest) -> None:
        """End the session that the request came with, and no other."""
        if request.session is not None:
            self._accounts.log_out(request.session, request.principal)

    def profile(self, request: ApiRequest) -> views.ProfileView:
        """Who is logged in."""
        user = request.principal.require_user()
        teams = {team: role.value for team, role in request.principal.roles.items()}
        return views.ProfileView(user.name, user.is_admin, user.must_change_password, teams)

    def change_password(self, request: ApiRequest, body: NewPassword) -> views.TokenView:
        """Change the password; every session ends, and the answer holds the token of a new one."""
        user = self._accounts.change_password(request.principal, body.current, body.new)
        return views.TokenView(self._tokens.user_token(user))
