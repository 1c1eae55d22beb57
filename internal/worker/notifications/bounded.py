"""Talking to a server that may be slow, silent or lying: each exchange has its time and the size of its answer."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from http.client import HTTPException, HTTPResponse, InvalidURL
from socket import gaierror
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

import gevent

from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, failed, stopped

#: The longest exchange, and the longest silence in it.
SECONDS = 15.0
_SILENCE = 10.0
_ANSWER = 64 * 1024
_SHOWN = 200

T = TypeVar("T")


def post(lifetime: Lifetime, url: str, body: bytes, headers: dict[str, str], *, method: str = "POST") -> bytes:
    """The answer to a POST, if it is a success, as far as it is needed.

    Redirects are not followed, since they would lead the secrets of a request elsewhere. Proxies are those of the
    worker's environment. Raises StepError, without the address, which may be a secret.
    """
    if urlsplit_or_fail(url).scheme not in {"http", "https"}:
        raise StepError(failed("the address begins with neither https:// nor http://"))

    def exchange() -> tuple[int, bytes]:
        request = Request(url, data=body, headers={**headers, "User-Agent": "pikoci"}, method=method)  # noqa: S310 - http only
        response: HTTPResponse = _opener().open(request, timeout=_SILENCE)
        with response:
            return response.status, response.read(_ANSWER)

    status, answer = within(lifetime, exchange)
    if 300 <= status < 400:
        raise StepError(failed(f"the server answered {status}, and redirects are not followed"))
    if not 200 <= status < 300:
        raise StepError(failed(f"the server answered {status}{excerpt(answer)}"))
    return answer


def within(lifetime: Lifetime, exchange: Callable[[], T], seconds: float = SECONDS) -> T:
    """What `exchange` gives, unless it takes longer, or the lifetime stops. Raises StepError."""
    running = gevent.spawn(_outcome, exchange)
    waiting: list[Any] = [running, lifetime.stopped]
    gevent.wait(waiting, timeout=seconds, count=1)
    if not running.ready():
        running.kill()
        raise StepError(stopped(lifetime.cause) if lifetime.cause else failed(f"no answer within {seconds:g} s"))
    result, error = running.get()
    if error is not None:
        raise StepError(failed(_trouble(error))) from None  # the error's own text may hold the address
    assert result is not None
    return result


def excerpt(answer: bytes) -> str:
    """The beginning of an answer for a reason, in one line of printable characters."""
    line = " ".join(answer[: 4 * _SHOWN].decode("utf-8", "replace").split())
    shown = "".join(character for character in line if character.isprintable())[:_SHOWN]
    return f": {shown}" if shown else ""


def urlsplit_or_fail(url: str) -> Any:
    """The parts of an address. Raises StepError for what is none."""
    try:
        return urlsplit(url)
    except ValueError:
        raise StepError(failed("the address is not valid")) from None


@cache
def trusted() -> ssl.SSLContext:
    """The machine's certificate authorities, or those that `SSL_CERT_FILE` names. Reading them takes a while."""
    return ssl.create_default_context()


def _opener() -> OpenerDirector:
    opener = OpenerDirector()  # a bare one: no redirects, no file: and ftp:, no login from anywhere
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(context=trusted())):
        opener.add_handler(handler)
    return opener


def _outcome(call: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """What the call returned, or its error: raised where the caller waits, and not printed by gevent."""
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - handed on to the caller
        return None, error


def _trouble(error: Exception) -> str:
    """What went wrong, in words that show neither address nor headers."""
    cause = error.reason if isinstance(error, URLError) else error
    match cause:
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {cause.verify_message}"
        case ssl.SSLError():
            return f"no TLS with the server: {cause.reason or 'the connection broke'}"
        case TimeoutError():
            return f"no answer within {_SILENCE:g} s"
        case gaierror():
            return "the server's name cannot be resolved"
        case OSError() if cause.strerror:
            return f"the connection failed: {cause.strerror}"
        case OSError():
            return "the connection failed"
        case HTTPException() if not isinstance(cause, InvalidURL):
            return "the server does not answer as HTTP wants it"
        case _:
            return "the address or a setting cannot be used"
