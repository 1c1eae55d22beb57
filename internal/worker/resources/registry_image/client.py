"""Talking to a registry: logins, and what its answers mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urljoin

import msgspec

from pikoci.internal.domain.duration import format_duration
from pikoci.internal.worker.resources.registry_image.challenge import (
    basic,
    read_challenges,
    read_token,
    same_origin,
    token_address,
)
from pikoci.internal.worker.resources.registry_image.source import ImageSource
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.pkg.web import Answer, Web, WebError, retry_after

#: The largest manifest, or page of tags, that is read; the size that registries allow for manifests.
MOST = 4 * 1024 * 1024
_SECONDS, _SLOWEST = 30.0, 64 * 1024  # an exchange, and in bytes a second what it moves
_REDIRECTS = 5
_LOGINS = 2
_SHOWN = 200
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429


class _Errors(msgspec.Struct):
    errors: list[dict[str, object]] = []


class Registry:
    """One repository of a registry, while the context is open. `push` is to be allowed to change it.

    The credentials go to the registry, or to where it has tokens; redirects to other hosts lose them. An exchange that
    sends or fetches `largest` bytes has the time that a slow connection needs. Every method raises StepError.
    """

    def __init__(self, source: ImageSource, *, push: bool = False, largest: int = 0) -> None:
        self._source = source
        self._scope = f"repository:{source.repository.path}:{'pull,push' if push else 'pull'}"
        self._authorization = ""
        self._web = Web(seconds=seconds_for(largest), limit=MOST, redirects=_REDIRECTS, ca=source.ca_cert)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._web.close()

    def ask(
        self, method: str, place: str, *, headers: Mapping[str, str] | None = None, body: bytes | BinaryIO = b""
    ) -> Answer:
        """The answer to a request, whatever it is but a refusal. `place` is below the repository, or an address."""
        url = self.address(place)

        def send(login: Mapping[str, str]) -> Answer:
            if not isinstance(body, bytes):
                body.seek(0)
            return self._web.ask(method, url, headers={**(headers or {}), **login}, body=body)

        return self._admitted(url, send)

    def download(self, place: str, file: BinaryIO, size: int) -> Answer:
        """Write what is at a place into a file: `size` bytes at most."""
        url = self.address(place)
        return self._admitted(
            url, lambda login: self._web.download(url, file, headers=login, limit=size, seconds=seconds_for(size))
        )

    def address(self, place: str) -> str:
        """The address of a place below the repository; one that a registry gave is kept."""
        if place.startswith(("https://", "http://")):
            return place
        return urljoin(self._source.base, place) if place.startswith("/") else f"{self._source.base}/{place}"

    def refusal(self, answer: Answer, what: str) -> StepError:
        """The end of a step for an answer that is no success; `what` was to be done."""
        return self.fault(f"{what}: {_meaning(answer)}")

    def fault(self, reason: str) -> StepError:
        """The end of a step, naming the registry."""
        return StepError(failed(f"{self._source.repository.host}: {reason}"))

    def is_own(self, url: str) -> bool:
        """Whether an address is the registry's own."""
        return same_origin(url, self._source.base)

    def _admitted(self, url: str, send: Callable[[Mapping[str, str]], Answer]) -> Answer:
        """The answer of a registry that lets us in."""
        own = self.is_own(url)
        answer = self._sent(send, self._authorization if own else "")
        logins = 0
        while own and answer.status == _UNAUTHORIZED:
            if logins == _LOGINS:
                raise self._locked_out()
            logins += 1
            self._log_in(answer)
            answer = self._sent(send, self._authorization)
        if answer.status == _FORBIDDEN:
            raise self.refusal(answer, f"access to {self._source.repository.path} is denied")
        return answer

    def _sent(self, send: Callable[[Mapping[str, str]], Answer], authorization: str) -> Answer:
        try:
            answer = send({"Authorization": authorization} if authorization else {})
        except WebError as error:
            raise self.fault(f"{error}" + (f"; {error.hint}" if error.hint else "")) from None
        if answer.status == _TOO_MANY:
            raise self.fault(_wait(answer))
        return answer

    def _log_in(self, answer: Answer) -> None:
        source, before = self._source, self._authorization
        known = basic(source.username, source.password) if source.username or source.password else ""
        for challenge in read_challenges(answer.headers.get("www-authenticate", "")):
            if challenge.scheme == "basic":
                if not known or known == before:
                    raise self._locked_out()
                self._authorization = known
                return
            place = token_address(challenge, source.base, self._scope)
            if not place:
                raise self.fault("it wants a token from an address that is neither https nor its own")
            given = self._sent(lambda login, place=place: self._web.ask("GET", place, headers=login), known)  # type: ignore[misc]
            token = read_token(given.body) if given.ok else ""
            if not token:
                raise (
                    self._locked_out()
                    if given.status in (_UNAUTHORIZED, _FORBIDDEN)
                    else self.refusal(given, "it gives no token")
                )
            self._authorization = f"Bearer {token}"
            return
        raise self.fault("it wants a login of a kind that is not known here")

    def _locked_out(self) -> StepError:
        source = self._source
        if source.username or source.password:
            return self.fault(f"it refuses the username and password for {source.repository.path}")
        return self.fault(f"{source.repository.path} is not there, or needs username and password")


def seconds_for(size: int) -> float:
    """The time that an exchange of so many bytes has."""
    return _SECONDS + size / _SLOWEST


def _wait(answer: Answer) -> str:
    seconds = math.ceil(retry_after(answer))
    until = f"; it says to come back in {format_duration(seconds)}" if seconds else ""
    return f"it allows no more requests for now (429){until}"


def _meaning(answer: Answer) -> str:
    """What an error says of itself, in one printable line."""
    try:
        found = msgspec.json.decode(answer.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = []
    words = [str(found[0][key]) for key in ("code", "message") if found[0].get(key)] if found else []
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in ": ".join(words)).split())
    return f"it answers {answer.status}" + (f" ({text[:_SHOWN]})" if text else "")
