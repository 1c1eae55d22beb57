"""Logging in and out, and changing the password."""

from __future__ import annotations

import falcon

from pikoci.internal.api import ApiRequest, end_session, require_same_origin, set_session
from pikoci.internal.api.problems import headers_for
from pikoci.internal.domain.accounts import User
from pikoci.internal.domain.errors import (
    InvalidError,
    PermissionDeniedError,
    PikociError,
    RateLimitedError,
    UnauthenticatedError,
)
from pikoci.internal.web.page import Page, read_form, redirect, wanted_page


class _SessionPage(Page):
    """A page that works with sessions."""

    before_password_change = True

    def _begin(self, request: ApiRequest, response: falcon.Response, user: User) -> None:
        settings = self._services.context.settings
        secure = request.scheme == "https" or settings.external_url.lower().startswith("https:")
        token = self._services.sessions.begin(user, request.client, request.user_agent or "")
        set_session(response, token, secure=secure, max_age=int(settings.session_lifetime), root=self._renderer.root)


class LoginPage(_SessionPage):
    """`/login`; `?next=` names the page of this server to go to afterwards."""

    def on_get(self, request: ApiRequest, response: falcon.Response) -> None:
        """The form, or the next page for whoever is logged in."""
        if request.principal.user is not None:
            redirect(response, wanted_page(request))
        else:
            self._renderer.render(request, response, "login.html", name="", problem=None)

    on_head = on_get

    def on_post(self, request: ApiRequest, response: falcon.Response) -> None:
        """Begin a session, or show the form again with what is wrong.

        There is no session yet that would make the middleware look, so it is here that logins from other sites are
        refused: they would let somebody work under a stranger's name.
        """
        require_same_origin(request, self._services.context.settings.external_url)
        form = read_form(request)
        name, password = form.get("name", ""), form.get("password", "")
        try:
            user = self._services.accounts.login(name, password, request.client, request.address)
        except (UnauthenticatedError, RateLimitedError) as error:
            limited = isinstance(error, RateLimitedError)
            response.status = falcon.HTTP_429 if limited else falcon.HTTP_401
            response.set_headers(headers_for(error) if limited else {})
            self._renderer.render(request, response, "login.html", name=name, problem=error)
            return
        self._begin(request, response, user)
        redirect(response, wanted_page(request))


class LogoutPage(_SessionPage):
    """`/logout`."""

    def on_post(self, request: ApiRequest, response: falcon.Response) -> None:
        """End the session, and take it away from the browser."""
        if request.session is not None:
            self._services.accounts.log_out(request.session, request.principal)
        end_session(response, self._renderer.root)
        redirect(response, "/login")


class PasswordPage(_SessionPage):
    """`/password`, also where somebody must set one of their own before anything else."""

    def on_get(self, request: ApiRequest, response: falcon.Response) -> None:
        """The form."""
        self._form(request, response, None)

    on_head = on_get

    def on_post(self, request: ApiRequest, response: falcon.Response) -> None:
        """Change the password, and go on in a new session: all others have ended."""
        form = read_form(request)
        try:
            if form.get("new", "") != form.get("again", ""):
                raise InvalidError("the new password was not repeated exactly")
            user = self._services.accounts.change_password(
                request.principal, form.get("current", ""), form.get("new", "")
            )
        except (InvalidError, PermissionDeniedError, RateLimitedError) as error:
            response.status = falcon.HTTP_400
            self._form(request, response, error)
            return
        self._begin(request, response, user)
        redirect(response, "/")

    def _form(self, request: ApiRequest, response: falcon.Response, problem: PikociError | None) -> None:
        request.principal.require_user()
        self._renderer.render(request, response, "password.html", problem=problem)
