"""One's own account: sessions and API tokens."""

from __future__ import annotations

from collections.abc import Mapping

import falcon

from pikoci.internal.api import ApiRequest
from pikoci.internal.api.names import read_path
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.api_tokens import DAY
from pikoci.internal.domain.errors import InvalidError, PikociError
from pikoci.internal.service.use_cases.access import require_login
from pikoci.internal.service.use_cases.api_tokens import Wish
from pikoci.internal.web.page import Page, read_form, redirect

_ADDRESS = "/account"
#: How long a token may last that is made here, in days.
_DAYS = ("1", "7", "30", "90", "365")


class AccountPage(Page):
    """`/account`: what was opened in one's name, and ways to end it. A token for a program is made here, too."""

    def on_get(self, request: ApiRequest, response: falcon.Response) -> None:
        """The page."""
        require_login(request.principal)
        self._show(request, response)

    on_head = on_get

    def on_post(self, request: ApiRequest, response: falcon.Response) -> None:
        """End sessions, or make or revoke a token; a new one is shown this once. Raises InvalidError for others."""
        fields = read_form(request)
        action, named = fields.get("action"), fields.get("id", "")
        if action == "make":
            self._make(request, response, fields)
            return
        if action == "end":
            self._services.sessions.end(request.principal, str(read_path({"session": named})["session"]))
        elif action == "end-others":
            self._services.sessions.end_others(request.principal, request.session)
        elif action == "revoke":
            token_id = read_path({"api_token_id": named})["api_token_id"]
            self._services.api_tokens.revoke(request.principal, token_id)
        else:
            raise InvalidError("an account has no such action", hint="go back, and use the buttons of the page")
        redirect(response, _ADDRESS)

    def _make(self, request: ApiRequest, response: falcon.Response, fields: Mapping[str, str]) -> None:
        days, role = fields.get("days", ""), fields.get("role", "")
        if days not in _DAYS or role not in set(Role):
            raise InvalidError("this is not a form of the page", hint="go back, and load the page again")
        wish = Wish(name=fields.get("name", ""), role=Role(role), team=fields.get("team", ""), lifetime=int(days) * DAY)
        try:
            _, token = self._services.api_tokens.create(request.principal, wish)
        except PikociError as error:
            response.status = falcon.HTTP_400
            self._show(request, response, fields, problem=error)
            return
        self._show(request, response, token=token)

    def _show(
        self,
        request: ApiRequest,
        response: falcon.Response,
        given: Mapping[str, str] | None = None,
        *,
        token: str = "",
        problem: PikociError | None = None,
    ) -> None:
        principal = request.principal
        self._renderer.render(
            request,
            response,
            "account.html",
            sessions=self._services.sessions.list(principal),
            current=request.session.id if request.session else "",
            tokens=self._services.api_tokens.list(principal),
            teams=[one.name for one in self._services.accounts.list_teams(principal)],
            roles=list(Role),
            days=_DAYS,
            given={"name": "", "team": "", "role": "write", "days": "90", **(given or {})},
            token=token,
            problem=problem,
        )
