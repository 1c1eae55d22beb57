"""Asking a forge's API, page by page: as seldom as it likes, and never longer or more than is good for us."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import gevent
import msgspec

from pikoci.internal.domain.forges import Forge
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.tools.outcome import StepError, failed, stopped
from pikoci.pkg.web import Answer, Web, WebError, retry_after

#: Seconds of one exchange, and bytes of one answer.
SECONDS, LIMIT = 30.0, 16 * 1024 * 1024
#: Nobody is left alone for longer, whatever a forge says, nor for shorter than the second, where it says nothing.
LONGEST_WAIT, SHORTEST_WAIT = 3600.0, 60.0

_REDIRECTS = 3
_KEPT = 256
_NOT_MODIFIED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY, _UNAVAILABLE = 304, 401, 403, 404, 429, 503
_LIMITING = b"rate limit"
_ACCEPT = {"github": "application/vnd.github+json", "gitlab": "application/json", "gitea": "application/json"}

T = TypeVar("T")


class _Page(msgspec.Struct, frozen=True):
    """A page as it was when it had this tag."""

    etag: str
    items: list[object]
    more: bool


class ForgeApis:
    """What one worker remembers of forges: until when each is left alone, and pages that may not have changed."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._waits: dict[str, tuple[float, str]] = {}

    def pages(
        self, call: ResourceCall, forge: Forge, path: str, query: dict[str, str], kind: type[T], *, token: str, ca: str
    ) -> Iterator[list[T]]:
        """The pages of a list, until one is the last. Raises StepError, with neither token nor address in it."""
        asker = _Asker(forge, token)
        with Web(seconds=SECONDS, limit=LIMIT, redirects=_REDIRECTS, ca=ca, secret=["private-token"]) as web:
            number = 1
            while True:
                self._require_time(asker, call.clock.now())
                address = f"{forge.api}/{path}?{urlencode({**query, 'page': str(number)})}"
                page = self._page(call, web, asker, address, kind)
                yield page.items  # type: ignore[misc]  # they were read as `kind`
                if not page.more or not page.items:
                    return
                number += 1

    def _page(self, call: ResourceCall, web: Web, asker: _Asker, address: str, kind: type[T]) -> _Page:
        key = f"{asker.key} {address}"
        known = self._pages.get(key)
        headers = {**asker.headers, **({"If-None-Match": known.etag} if known else {})}
        answer = _asked(call, web, asker.forge, address, headers)
        self._heed(answer, asker, call.clock.now())
        if answer.status == _NOT_MODIFIED and known is not None:
            self._pages.move_to_end(key)
            return known
        _require_success(answer, asker)
        try:
            items = msgspec.json.decode(answer.body, type=list[kind])  # type: ignore[valid-type]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            said = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
            raise StepError(failed(f"{asker.forge.name}'s answer cannot be read: {said[:200]}")) from None
        page = _Page(answer.headers.get("etag", ""), list(items), 'rel="next"' in answer.headers.get("link", ""))
        self._pages.pop(key, None)
        if page.etag:
            self._pages[key] = page
            while len(self._pages) > _KEPT:
                self._pages.popitem(last=False)
        return page

    def _require_time(self, asker: _Asker, now: float) -> None:
        until, reason = self._waits.get(asker.key, (0.0, ""))
        if now < until:
            raise StepError(failed(reason))
        self._waits.pop(asker.key, None)

    def _heed(self, answer: Answer, asker: _Asker, now: float) -> None:
        """Remember until when not to ask; raise StepError if this answer is no more than that."""
        remaining = answer.headers.get("x-ratelimit-remaining", answer.headers.get("ratelimit-remaining", ""))
        used_up = remaining.strip() == "0"
        status = answer.status
        limited = status == _TOO_MANY or (
            status == _FORBIDDEN and (used_up or "retry-after" in answer.headers or _LIMITING in answer.body.lower())
        )
        if not limited and not used_up and not (status == _UNAVAILABLE and "retry-after" in answer.headers):
            return
        wait = retry_after(answer) or _until_reset(answer, now) or SHORTEST_WAIT
        until = now + min(max(wait, 1.0), LONGEST_WAIT)
        shown = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        said = f"status {status}" if status >= _FORBIDDEN else "it has answered as often as it likes"
        reason = f"{asker.forge.name} limits how often it is asked ({said}); it is left alone until {shown}"
        self._waits[asker.key] = (until, reason)
        for key in [key for key, (end, _) in self._waits.items() if end <= now]:
            del self._waits[key]
        if status >= _FORBIDDEN:
            raise StepError(failed(reason))


class _Asker:
    """Who asks a forge. Limits and answers are for a token, or for an address without one."""

    def __init__(self, forge: Forge, token: str) -> None:
        self.forge = forge
        self.token = token
        self.key = hashlib.sha256("\0".join((*urlsplit(forge.api)[:2], token)).encode()).hexdigest()
        self.headers = {"Accept": _ACCEPT[forge.provider]}
        match forge.provider if token else "":
            case "github":
                self.headers |= {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"}
            case "gitlab":
                self.headers["PRIVATE-TOKEN"] = token
            case "gitea":
                self.headers["Authorization"] = f"token {token}"


def _asked(call: ResourceCall, web: Web, forge: Forge, address: str, headers: dict[str, str]) -> Answer:
    """One exchange, which ends with the check. Raises StepError."""

    def exchange() -> Answer | WebError:
        try:
            return web.ask("GET", address, headers=headers)
        except WebError as error:
            return error

    running = gevent.spawn(exchange)
    waiting: list[Any] = [running, call.lifetime.stopped]
    gevent.wait(waiting, count=1)
    if not running.ready():
        running.kill()
    if call.lifetime.cause is not None:
        raise StepError(stopped(call.lifetime.cause))
    answer = running.get()
    if isinstance(answer, WebError):
        raise StepError(failed(f"cannot ask {forge.name}: {answer}"))
    assert isinstance(answer, Answer)
    return answer


def _require_success(answer: Answer, asker: _Asker) -> None:
    name, status = asker.forge.name, answer.status
    if answer.ok:
        return
    match status:
        case 401 if asker.token:
            reason = f"{name} does not take the token (status 401): it is wrong or has run out"
        case 401:
            reason = f"{name} wants a token (status 401); give the resource one"
        case 403:
            reason = f"{name} does not let this token read pull requests (status 403)"
        case 404:
            reason = f'{name} has no repository "{asker.forge.project}", or the token may not see it (status 404)'
        case _ if 300 <= status < 400:
            reason = f"{name} answered {status}; is api_url right?"
        case _:
            reason = f"{name} answered {status}"
    raise StepError(failed(reason))


def _until_reset(answer: Answer, now: float) -> float:
    """Seconds until the limit is lifted, as the forge's header has it; 0 where there is none."""
    text = answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", "")).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        return 0.0
    return max(int(text) - now, 0.0)
