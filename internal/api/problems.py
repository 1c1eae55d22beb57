"""Every error as a problem document (RFC 9457): one table from errors to statuses, one handler."""

from __future__ import annotations

import difflib
import logging
import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import falcon
import msgspec

from pikoci.internal.domain.errors import (
    PROBLEM_PREFIX,
    ConflictError,
    Diagnostic,
    InvalidError,
    InvalidInputsError,
    InvalidPipelineError,
    NameTakenError,
    NotFoundError,
    PermissionDeniedError,
    PikociError,
    RateLimitedError,
    Reaction,
    StaleClaimError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
#: Seconds after which a client may ask again where the error does not say.
RETRY_AFTER = 2


class PasswordChangeRequiredError(PermissionDeniedError):
    """The login works, but its password must be changed before anything else."""

    slug = "password-change-required"
    reaction = Reaction.REPORT


class UnprocessableError(InvalidError):
    """The request can be read but contradicts itself, or an earlier one."""

    slug = "unprocessable"


#: Error -> (title, status). The nearest ancestor of an error counts.
PROBLEMS: Mapping[type[PikociError], tuple[str, int]] = {
    InvalidInputsError: ("A build cannot be started with these inputs", 422),
    InvalidPipelineError: ("The pipeline is not valid", 422),
    UnprocessableError: ("The request contradicts itself or an earlier one", 422),
    TooLargeError: ("Too large", 413),
    InvalidError: ("The request is not valid", 400),
    UnauthenticatedError: ("Not logged in", 401),
    PasswordChangeRequiredError: ("The password must be changed", 403),
    PermissionDeniedError: ("Not allowed", 403),
    NotFoundError: ("Not found", 404),
    StaleClaimError: ("The claim is no longer current", 409),
    NameTakenError: ("Another process has the name", 409),
    ConflictError: ("Not possible in this state", 409),
    RateLimitedError: ("Too many attempts", 429),
    UnavailableError: ("Not available now", 503),
}

_STATUSES = {
    404: ("route-not-found", "No such address"),
    405: ("method-not-allowed", "Method not allowed"),
    406: ("not-acceptable", "Not acceptable"),
    408: ("timeout", "Too slow"),
    413: ("too-large", "Too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
    421: ("unknown-host", "Unknown host"),
    416: ("range-not-satisfiable", "Range not satisfiable"),
}

#: Headers that always come with a status.
STATUS_HEADERS: Mapping[int, Sequence[str]] = {
    401: ["WWW-Authenticate"],
    416: ["Content-Range"],
    429: ["Retry-After"],
    503: ["Retry-After"],
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document. `hint` says what to do next, `diagnostics` are the findings in a pipeline's file.

    `error_id` is what the server's log calls this very error.
    """

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    diagnostics: Sequence[Diagnostic] = ()
    error_id: str = ""

    @property
    def slug(self) -> str:
        """The part of the type that tells one problem from another."""
        return self.type.removeprefix(PROBLEM_PREFIX)


def _ignore(_: falcon.Request, __: Exception) -> None:
    """Nobody wants to know."""


class ErrorHandler:
    """Turns whatever a resource raised into a problem. `templates` are the known addresses, for hints.

    `refused` is told of each error first.
    """

    def __init__(self, refused: Callable[[falcon.Request, Exception], None] = _ignore) -> None:
        self.templates: list[str] = []
        self._refused = refused

    def __call__(self, request: falcon.Request, response: falcon.Response, error: Exception, _: Any) -> None:
        """Falcon's hook for errors of every kind."""
        if isinstance(error, falcon.HTTPStatus):
            response.status, response.text = error.status, error.text
            response.set_headers(error.headers or {})
            return
        self._refused(request, error)
        problem = self.describe(request, error)
        response.set_headers(headers_for(error))
        write(response, problem)

    def describe(self, request: falcon.Request, error: Exception) -> Problem:
        """The problem that tells of this error; what nobody expected is logged with its traceback."""
        if isinstance(error, PikociError):
            return _from_domain(error)
        if isinstance(error, falcon.HTTPError):
            return self._from_falcon(request, error)
        error_id = secrets.token_hex(8)
        where = request.uri_template or "unknown"
        about = {"error_id": error_id, "route": where, "method": request.method}
        log.error("request failed", exc_info=error, extra=about)
        return Problem(
            type=f"{PROBLEM_PREFIX}internal",
            title="Internal error",
            status=500,
            detail="the server made a mistake",
            hint=f"tell the operator: the log has the details under error_id={error_id}",
            error_id=error_id,
        )

    def _from_falcon(self, request: falcon.Request, error: falcon.HTTPError) -> Problem:
        status = error.status_code
        name, title = _STATUSES.get(status, ("invalid", "The request is not valid"))
        detail, hint = error.description or error.title or title, ""
        if isinstance(error, falcon.HTTPRouteNotFound):
            detail, hint = f"there is nothing at {request.path[:200]}", near_addresses(request.path, self.templates)
        elif status == 405:
            allowed = dict(error.headers or {}).get("Allow", "")
            detail, hint = f"{request.method[:20]} is not possible here", f"possible are {allowed}" if allowed else ""
        return Problem(type=PROBLEM_PREFIX + name, title=title, status=status, detail=detail, hint=hint)


def write(response: falcon.Response, problem: Problem) -> None:
    """Answer with the problem."""
    response.status = problem.status
    response.content_type = PROBLEM_JSON
    response.stream = None
    response.data = msgspec.json.encode(problem)


def headers_for(error: Exception) -> dict[str, str]:
    """Headers that belong to an error: when to come back, how to log in, what is allowed."""
    if isinstance(error, PikociError) and error.reaction is Reaction.RETRY:
        return {"Retry-After": str(max(1, math.ceil(error.retry_after or RETRY_AFTER)))}
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": 'Bearer realm="pikoci"'}
    if isinstance(error, falcon.HTTPError) and error.headers:
        return dict(error.headers)
    return {}


def near_addresses(path: str, templates: Iterable[str]) -> str:
    """A hint with the known addresses that are most like the path."""
    parts = path[:200].split("/")
    candidates = {_filled(template.split("/"), parts): template for template in templates}
    close = difflib.get_close_matches("/".join(parts), candidates, n=2, cutoff=0.7)
    if not close:
        return "every address is described in /api/v1/openapi.json"
    return f"did you mean {' or '.join(candidates[one] for one in close)}?"


def _filled(template: list[str], parts: list[str]) -> str:
    own = [*parts, *[""] * len(template)]
    return "/".join(own[at] if part.startswith("{") else part for at, part in enumerate(template))


def _from_domain(error: PikociError) -> Problem:
    title, status = next(PROBLEMS[kind] for kind in (*type(error).__mro__, InvalidError) if kind in PROBLEMS)
    return Problem(
        type=PROBLEM_PREFIX + error.slug,
        title=title,
        status=status,
        detail=error.message,
        hint=error.hint,
        diagnostics=error.diagnostics if isinstance(error, InvalidPipelineError) else (),
    )
