"""Fetching a small file from an address that somebody else wrote, without being led to where only we can reach."""

from __future__ import annotations

from http import HTTPStatus

from pikoci.pkg.web import Web, WebError

#: Bytes that a file may have, and how often its address may lead to another one.
MAX_BYTES, MAX_REDIRECTS = 256 * 1024, 3

_PRIVATE = "the server fetches from such addresses with --allow-private-sources only"


class FetchError(Exception):
    """There is no such file to be had; the text is one sentence, `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def fetch(address: str, *, private: bool = False, seconds: float, limit: int = MAX_BYTES) -> bytes:
    """What a GET of an http(s) address answers, following a few redirects. Needs a cooperative process.

    Only public addresses are connected to, or `private` ones too. Proxies of the environment are not used. Raises
    FetchError, also after so many seconds in all and for more than `limit` bytes.
    """
    bounds = Web(
        seconds=seconds,
        silence=seconds,
        limit=limit,
        redirects=MAX_REDIRECTS,
        private=private,
        address_hint=_PRIVATE,
        proxies=False,
    )
    try:
        with bounds as web:
            answer = web.ask("GET", address)
    except WebError as error:
        raise FetchError(f"{error.host}: {error}" if error.host else str(error), error.hint) from None
    if answer.status != HTTPStatus.OK:
        raise FetchError(f"the answer is {answer.status} {_phrase(answer.status)}".rstrip())
    return answer.body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
