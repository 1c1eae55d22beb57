"""Talking to a server that may be slow, silent or lying: each exchange has its time and the size of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import gevent

from pikoci.internal.worker.tools.interruption import interruptible
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.pkg.web import Web, WebError, trouble

#: The longest exchange.
SECONDS = 15.0
_ANSWER = 64 * 1024
_SHOWN = 200

T = TypeVar("T")


def post(lifetime: Lifetime, url: str, body: bytes, headers: dict[str, str], *, method: str = "POST") -> bytes:
    """The answer to a POST, if it is a success, as far as it is needed.

    Redirects are not followed, since they would lead the secrets of a request elsewhere. Proxies are those of the
    worker's environment. Raises StepError, without the address, which may be a secret.
    """
    with Web(seconds=SECONDS, limit=_ANSWER) as web:
        answer = within(lifetime, lambda: web.ask(method, url, headers=headers, body=body, whole=False))
    if 300 <= answer.status < 400:
        raise StepError(failed(f"the server answered {answer.status}, and redirects are not followed"))
    if not answer.ok:
        raise StepError(failed(f"the server answered {answer.status}{excerpt(answer.body)}"))
    return answer.body


def within(lifetime: Lifetime, exchange: Callable[[], T]) -> T:
    """What `exchange` gives, unless it takes too long, or the lifetime stops. Raises StepError."""

    def limited() -> T:
        with gevent.Timeout(SECONDS, WebError(f"no answer within {SECONDS:g} s", fault="time")):
            return exchange()

    try:
        return interruptible(lifetime, limited)
    except StepError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its own text may hold the address
        raise StepError(failed(str(error if isinstance(error, WebError) else trouble(error)))) from None


def excerpt(answer: bytes) -> str:
    """The beginning of an answer for a reason, in one line of printable characters."""
    line = " ".join(answer[: 4 * _SHOWN].decode("utf-8", "replace").split())
    shown = "".join(character for character in line if character.isprintable())[:_SHOWN]
    return f": {shown}" if shown else ""
