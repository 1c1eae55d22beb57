"""What goes wrong with requests, in sentences that show neither addresses nor credentials."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, InvalidURL
from socket import gaierror
from typing import Literal

import gevent

Fault = Literal[
    "address", "ca", "connection", "name", "private", "protocol", "proxy", "redirect", "request", "size", "time",
    "trust",
]  # fmt: skip

_UNUSABLE = "the address or a setting cannot be used"


class WebError(Exception):
    """There is no answer; the text is one sentence without address, headers or body, `hint` says what to do.

    `fault` tells the kind of trouble to callers that have words of their own for it. `host` is where it was, where
    that is known, for those whose addresses are no secret.
    """

    def __init__(self, message: str, hint: str = "", *, fault: Fault, host: str = "") -> None:
        super().__init__(message)
        self.hint, self.fault, self.host = hint, fault, host


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Make a WebError of what takes longer than `seconds` in all."""
    limited = gevent.Timeout(seconds)  # no OSError, which what is called here would take for another one
    try:
        with limited:
            yield
    except gevent.Timeout as error:
        if error is not limited:
            raise
        raise WebError(f"there was no whole answer within {seconds:g} s", fault="time") from None


@contextmanager
def named(silence: float) -> Iterator[None]:
    """Make a WebError of whatever goes wrong with a connection whose silences are at most so long."""
    try:
        yield
    except TimeoutError:
        raise WebError(f"no answer within {silence:g} s", fault="time") from None
    except InvalidURL:
        raise WebError(_UNUSABLE, fault="request") from None
    except HTTPException:
        raise WebError("the server does not answer as HTTP wants it", fault="protocol") from None
    except (OSError, ValueError) as error:
        raise trouble(error) from None


def trouble(error: BaseException) -> WebError:
    """The trouble with a connection that an error came from, or else with what was asked of it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    match cause:
        case ssl.SSLCertVerificationError():
            return WebError(f"the server's certificate is not trusted: {cause.verify_message}", fault="trust")
        case ssl.SSLError():
            return WebError(f"no TLS with the server: {cause.reason or 'the connection broke'}", fault="connection")
        case TimeoutError():
            return WebError("no answer in time", fault="time")
        case gaierror():
            return WebError("the server's name cannot be resolved", fault="name")
        case OSError() if cause.strerror:
            return WebError(f"the connection failed: {cause.strerror}", fault="connection")
        case OSError():
            return WebError("the connection failed", fault="connection")
        case _:
            return WebError(_UNUSABLE, fault="request")
