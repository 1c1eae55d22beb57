"""Who makes a request: a bearer token from programs, a session cookie from browsers, or nobody."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Literal
from urllib.parse import urlsplit

import falcon
from msgspec.structs import replace

from pikoci.internal.api.problems import PasswordChangeRequiredError
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.api_tokens import is_api_token
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import PermissionDeniedError, UnauthenticatedError
from pikoci.internal.domain.limits import MAX_TOKEN
from pikoci.internal.service import Services
from pikoci.internal.service.plumbing.bus import LOGINS
from pikoci.internal.service.plumbing.last_use import LastUse
from pikoci.internal.service.plumbing.tokens import UserClaims

COOKIE = "pikoci_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Sessions:
    """Whom a token belongs to. Believes a checked token for `principal_lifetime` seconds without asking the database.

    `forget` drops all that is believed; it is called after every changing request, so that within this process a
    changed password or role counts at once.
    """

    def __init__(self, services: Services, settings: ApiSettings, clock: Clock) -> None:
        self._services = services
        self._lifetime = settings.principal_lifetime
        self._size = settings.principal_cache
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Principal, UserClaims | None]] = OrderedDict()
        self._times_forgotten = 0
        self._subscription = services.context.bus.subscribe(LOGINS)  # for as long as the process lives
        self._ended = self._subscription.__enter__()

    def open(self, token: str) -> tuple[Principal, UserClaims | None]:
        """Who the token belongs to, and its session; an API token has none.

        Raises UnauthenticatedError for a token that is not valid, or not valid any more.
        """
        if self._ended.take():  # on another server, perhaps
            self.forget()
            self._services.context.ended_sessions.forget()
        now = self._clock.monotonic()
        known = self._known.get(token)
        if known is not None and now < known[0]:
            if known[2] is not None:
                self._services.accounts.require_open(known[2])
            return known[1], known[2]
        before = self._times_forgotten
        principal, claims = self._look_up(token)
        if before != self._times_forgotten:
            return principal, claims  # what was read may be old already, and is believed this once
        self._known[token] = (now + self._lifetime, principal, claims)
        self._known.move_to_end(token)
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return principal, claims

    def forget(self) -> None:
        """Look every token up anew."""
        self._times_forgotten += 1
        self._known.clear()

    def _look_up(self, token: str) -> tuple[Principal, UserClaims | None]:
        if is_api_token(token):
            return self._services.api_tokens.open(token), None
        claims = self._services.tokens.read_user(token)
        self._services.accounts.require_open(claims)
        return self._services.accounts.principal_for(claims.user_id, claims.session_epoch), claims


class Authentication:
    """Falcon middleware that sets `request.principal`.

    A resource with `authenticates = False` is open to all and its credentials are not looked at. One with
    `before_password_change = True` also serves users whose password must be changed first. Pages and the API share it.
    """

    def __init__(self, sessions: Sessions, settings: ApiSettings, last_use: LastUse) -> None:
        self._sessions = sessions
        self._last_use = last_use
        self._external_url = settings.external_url

    def process_resource(self, request: ApiRequest, _: falcon.Response, resource: object, __: Any) -> None:
        """Check the credentials, if there are any.

        Raises UnauthenticatedError for a wrong bearer token (a wrong cookie is as good as none), PermissionDeniedError
        for a change by cookie from another site or by a token for reading, PasswordChangeRequiredError.
        """
        if not getattr(resource, "authenticates", True):
            return
        header = request.env.get("HTTP_AUTHORIZATION")
        if header is not None:
            self._open(request, read_bearer(header))
        elif "HTTP_COOKIE" in request.env:
            self._open_cookie(request)
        user = request.principal.user
        if user is not None and user.must_change_password and not getattr(resource, "before_password_change", False):
            raise PasswordChangeRequiredError(
                "the password of this login must be changed first",
                hint="POST the current and a new one to /api/v1/profile/password",
            )

    def process_response(self, request: ApiRequest, _: falcon.Response, __: object, ___: bool) -> None:
        """Forget what is known of tokens after a user's change; workers change nobody's login."""
        if request.method not in SAFE_METHODS and request.principal.user is not None:
            self._sessions.forget()

    def _open(self, request: ApiRequest, token: str) -> None:
        principal, request.session = self._sessions.open(token)
        request.principal = _with_origin(request, principal)
        request.ask_again = lambda: self._sessions.open(token)[0]
        if request.session is not None:
            self._last_use.note(request.session.id, request.client)
            return
        used = request.principal.token
        if used is None:
            return
        self._last_use.note(used.id, request.client)
        if used.read_only and request.method not in SAFE_METHODS:
            raise PermissionDeniedError(
                f"the token {used.name} is for reading only", hint="use another token, or log in"
            )

    def _open_cookie(self, request: ApiRequest) -> None:
        values = request.get_cookie_values(COOKIE)
        # A browser's session is never an API token: pages would show it to whoever uses that browser.
        if not values or len(values[0]) > MAX_TOKEN or is_api_token(values[0]):
            return
        try:
            self._open(request, values[0])
        except UnauthenticatedError:
            return
        if request.method not in SAFE_METHODS:
            require_same_origin(request, self._external_url)


def _with_origin(request: ApiRequest, principal: Principal) -> Principal:
    """The principal, with what the audit log is told of where the request comes from and what it came with."""
    used = principal.token
    credential = (
        f"api token {used.id} {used.name}" if used else f"session {request.session.id}" if request.session else ""
    )
    return replace(principal, address=request.address, credential=credential.strip())


def require_same_origin(request: falcon.Request, external_url: str = "") -> None:
    """Return if the browser says that a page of this server made the request.

    Browsers send Origin with every changing request, and nearly all send Sec-Fetch-Site. Hosts are compared without
    the scheme, which a proxy that ends TLS would hide. Raises PermissionDeniedError.
    """
    site = request.get_header("Sec-Fetch-Site")
    origin = request.get_header("Origin")
    if site is not None:
        allowed = site == "same-origin"
    else:
        hosts = {request.get_header("Host", default="").lower(), urlsplit(external_url).netloc.lower()} - {""}
        allowed = origin is not None and origin.lower().partition("://")[2] in hosts
    if not allowed:
        raise PermissionDeniedError(
            "a change by session cookie must come from a page of this server",
            hint="programs send Authorization: Bearer <token> instead of the cookie",
        )


def set_session(response: falcon.Response, token: str, *, secure: bool, max_age: int, root: str = "") -> None:
    """Give a browser its session, `max_age` in seconds, for all below `root`; pages call this after a login."""
    same_site: Literal["Strict"] = "Strict"
    response.set_cookie(
        COOKIE, token, max_age=max_age, path=root or "/", secure=secure, http_only=True, same_site=same_site
    )


def end_session(response: falcon.Response, root: str = "") -> None:
    """Take a browser's session away; pages call this at a logout."""
    response.unset_cookie(COOKIE, path=root or "/", same_site="Strict")


def read_bearer(header: str) -> str:
    """The token of an Authorization header. Raises UnauthenticatedError for anything else."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise UnauthenticatedError(
            "the Authorization header must be `Bearer <token>`", hint="POST /api/v1/login gives one"
        )
    return token.strip()
