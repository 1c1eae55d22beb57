"""From what the server answers to the errors that the domain knows."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException, HTTPResponse

import msgspec

from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    NameTakenError,
    NotFoundError,
    PermissionDeniedError,
    PikociError,
    StaleClaimError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.pkg.retry_after import parse_retry_after

_PREFIX = "urn:pikoci:problem:"
_LONGEST_WISH = 60.0
_BUSY = frozenset({408, 425, 429})
_KINDS: dict[str, Callable[..., PikociError]] = {
    "invalid": InvalidError,
    "too-large": TooLargeError,
    "unsupported-media-type": InvalidError,
    "permission-denied": PermissionDeniedError,
    "not-found": NotFoundError,
    "conflict": ConflictError,
    "stale-claim": StaleClaimError,
}


class _Problem(msgspec.Struct, frozen=True):
    type: str
    detail: str = ""
    hint: str = ""


def refusal(response: HTTPResponse, body: bytes, address: str) -> PikociError:
    """The error that a response and its body stand for.

    What no PikoCI server says (a proxy's page, say) counts as a server that is away: it may come back.
    """
    status = response.status
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = _Problem(type="", detail=f"it answered {status} {response.reason}")
    kind = problem.type.removeprefix(_PREFIX)
    if status == 401 and kind == "unauthenticated":
        return UnauthenticatedError(problem.detail, hint="give the worker a valid --worker-token (WORKER_TOKEN)")
    if kind == "name-taken":
        return NameTakenError(problem.detail, hint=problem.hint, retry_after=_wish(response))
    if status >= 500 or status in _BUSY or kind not in _KINDS:
        text = f"{address} cannot serve now: {problem.detail}"
        return UnavailableError(text, hint=problem.hint, retry_after=_wish(response))
    return _KINDS[kind](problem.detail, hint=problem.hint)


def unreachable(error: OSError, address: str) -> UnavailableError:
    """The error for a connection that could not be made."""
    return UnavailableError(f"{address} cannot be reached: {_plain(error)}")


def broken(error: OSError | HTTPException, address: str) -> UnavailableError:
    """The error for a connection that did not last."""
    if isinstance(error, TimeoutError):
        return UnavailableError(f"{address} did not answer in time")
    return UnavailableError(f"the connection to {address} broke: {_plain(error)}")


def _plain(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text or type(error).__name__


def _wish(response: HTTPResponse) -> float:
    return min(parse_retry_after(response.headers.get("Retry-After", "")), _LONGEST_WISH)
