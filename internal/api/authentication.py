"""Who makes a request: a bearer token from programs, a session cookie from browsers, or nobody."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Literal
from urllib.parse import urlsplit

import falcon
from msgspec.structs import replace

from pikoci.internal.api.problems import PasswordChangeRequiredError
from pikoci.internal.api.request import ANONYMOUS, ApiRequest
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import PermissionDeniedError, UnauthenticatedError
from pikoci.internal.domain.limits import MAX_TOKEN
from pikoci.internal.service import Services
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
        self._known: OrderedDict[str, tuple[float, Principal, UserClaims]] = OrderedDict()

    def open(self, token: str) -> tuple[Principal, UserClaims]:
        """Who the token belongs to, and its session.

        Raises UnauthenticatedError for a token that is not valid, or not valid any more.
        """
        now = self._clock.monotonic()
        known = self._known.get(token)
        if known is not None and now < known[0]:
            self._services.accounts.require_open(known[2])
            return known[1], known[2]
        claims = self._services.tokens.read_user(token)
        self._services.accounts.require_open(claims)
        principal = self._services.accounts.principal_for(claims.user_id, claims.session_epoch)
        self._known[token] = (now + self._lifetime, principal, claims)
        self._known.move_to_end(token)
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return principal, claims

    def forget(self) -> None:
        """Look every token up anew."""
        self._known.clear()


class Authentication:
    """Falcon middleware that sets `request.principal`.

    A resource with `authenticates = False` is open to all and its credentials are not looked at. One with
    `before_password_change = True` also serves users whose password must be changed first. Pages and the API share it.
    """

    def __init__(self, sessions: Sessions, settings: ApiSettings) -> None:
        self._sessions = sessions
        self._external_url = settings.external_url

    def process_resource(self, request: ApiRequest, _: falcon.Response, resource: object, __: Any) -> None:
        """Check the credentials, if there are any.

        Raises UnauthenticatedError for a wrong bearer token (a wrong cookie is as good as none), PermissionDeniedError
        for a change by cookie from another site, PasswordChangeRequiredError.
        """
        if not getattr(resource, "authenticates", True):
            return
        header = request.env.get("HTTP_AUTHORIZATION")
        if header is not None:
            request.principal, request.session = self._sessions.open(read_bearer(header))
        elif "HTTP_COOKIE" in request.env:
            request.principal, request.session = self._by_cookie(request)
        if request.principal.user is not None:
            request.principal = _with_origin(request)
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

    def _by_cookie(self, request: ApiRequest) -> tuple[Principal, UserClaims | None]:
        values = request.get_cookie_values(COOKIE)
        if not values or len(values[0]) > MAX_TOKEN:
            return ANONYMOUS, None
        try:
            opened = self._sessions.open(values[0])
        except UnauthenticatedError:
            return ANONYMOUS, None
        if request.method not in SAFE_METHODS:
            require_same_origin(request, self._external_url)
        return opened


def _with_origin(request: ApiRequest) -> Principal:
    """The principal, with what the audit log is told of where the request comes from and what it came with."""
    session = request.session
    credential = request.principal.credential if session is None else f"session {session.id}".strip()
    return replace(request.principal, address=request.address, credential=credential)


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
