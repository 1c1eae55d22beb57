"""From what the server answers to the errors that the domain knows."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse

import msgspec

from pikoci.internal.domain.errors import (
    ERRORS,
    PROBLEM_PREFIX,
    InvalidError,
    PikociError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.pkg.retry_after import parse_retry_after

_LONGEST_WISH = 60.0
_BUSY = frozenset({408, 425, 429})
#: The one of HTTP's own problems that repeating a request cannot cure.
_KINDS: Mapping[str, type[PikociError]] = {**ERRORS, "unsupported-media-type": InvalidError}


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
    kind = _KINDS.get(problem.type.removeprefix(PROBLEM_PREFIX))
    if kind is None or status >= 500 or status in _BUSY:
        text = f"{address} cannot serve now: {problem.detail}"
        return UnavailableError(text, hint=problem.hint, retry_after=_wish(response))
    told = "give the worker a valid --worker-token (WORKER_TOKEN)" if kind is UnauthenticatedError else problem.hint
    return kind(problem.detail, hint=told, retry_after=_wish(response))


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
