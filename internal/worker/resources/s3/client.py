"""Talking to an object store: signed requests, and what its answers mean."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

import gevent

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.duration import format_duration
from pikoci.internal.worker.resources.s3.signing import path_of, query_of, signed
from pikoci.internal.worker.resources.s3.source import S3Source
from pikoci.internal.worker.resources.section import Section
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.pkg.web import Answer, Web, WebError, retry_after

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

_MOST = 8 * 1024 * 1024  # a page of a thousand keys and their versions
_SECONDS, _SLOWEST = 30.0, 64 * 1024
_PIECE = 256 * 1024
_SHOWN = 200
_NOTHING = hashlib.sha256(b"").hexdigest()
_ELSEWHERE, _BUSY = (301, 302, 307, 308), (429, 503)


class Bucket:
    """One bucket, while the context is open. An exchange that moves `largest` bytes has the time that this needs.

    Every method raises StepError.
    """

    def __init__(self, source: S3Source, clock: Clock, *, largest: int = 0) -> None:
        self._source, self._clock = source, clock
        self._web = Web(seconds=seconds_for(largest), limit=_MOST, ca=source.ca_cert)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._web.close()

    def ask(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Section = b"",
    ) -> Answer:
        """The answer, whatever it is, but that somebody else is to be asked, or nobody now."""
        content = _digest(body)
        own = self._signed(method, key, query, headers or {}, content)
        url = self.address(key, query)
        return self._sent(lambda: self._web.ask(method, url, headers=own, body=cast("bytes | BinaryIO", body)))

    def download(
        self, key: str, query: Mapping[str, str], headers: Mapping[str, str], file: BinaryIO, size: int
    ) -> Answer:
        """Write an object into a file: `size` bytes at most."""
        own = self._signed("GET", key, query, headers, _NOTHING)
        url = self.address(key, query)
        return self._sent(lambda: self._web.download(url, file, headers=own, limit=size, seconds=seconds_for(size)))

    def address(self, key: str, query: Mapping[str, str] | None = None) -> str:
        """The address of an object, or of the bucket."""
        end = f"?{query_of(query)}" if query else ""
        return f"{self._source.origin}{self._source.prefix}{path_of(key)}{end}"

    def refusal(self, answer: Answer, what: str) -> StepError:
        """The end of a step for an answer that is no success; `what` was to be done."""
        found = read_xml(answer.body)
        words = [found.findtext(name) or "" for name in ("Code", "Message")] if found is not None else []
        said = ": ".join(filter(None, words))
        text = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
        return self.fault(f"{what}: it answers {answer.status}" + (f" ({text[:_SHOWN]})" if text else ""))

    def fault(self, reason: str) -> StepError:
        """The end of a step, naming the bucket."""
        return StepError(failed(f"the bucket {self._source.bucket} at {self._source.host}: {reason}"))

    def _signed(
        self, method: str, key: str, query: Mapping[str, str] | None, headers: Mapping[str, str], content: str
    ) -> dict[str, str]:
        source = self._source
        if source.credentials is None:
            return dict(headers)
        path = f"{source.prefix}{path_of(key)}"
        return signed(
            source.credentials, source.region, method, source.host, path, query_of(query or {}), headers, content,
            self._clock.now(),
        )  # fmt: skip

    def _sent(self, send: Callable[[], Answer]) -> Answer:
        try:
            answer = send()
        except WebError as error:
            raise self.fault(f"{error}" + (f"; {error.hint}" if error.hint else "")) from None
        if answer.status in _BUSY:
            seconds = math.ceil(retry_after(answer))
            until = f"; it says to come back in {format_duration(seconds)}" if seconds else ""
            raise self.fault(f"it takes no more requests for now ({answer.status}){until}")
        if answer.status in _ELSEWHERE:
            region = answer.headers.get("x-amz-bucket-region", "")
            hint = f'region = "{region[:64]}"' if region.isprintable() and region else "its region and endpoint"
            raise self.fault(f"it is elsewhere; write {hint}")
        return answer


def seconds_for(size: int) -> float:
    """The time that an exchange of so many bytes has."""
    return _SECONDS + size / _SLOWEST


def read_xml(body: bytes) -> ET.Element | None:
    """The document in an answer, without its name space; None where there is none that can be read."""
    from xml.etree import ElementTree as ET  # which a worker without such resources need not hold

    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return None  # of which S3 has none, and which can stand for more than memory has
    try:
        found = ET.fromstring(body)  # noqa: S314 - without entities it is as large as it looks
    except (ET.ParseError, ValueError, LookupError):
        return None
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    return found


def _digest(body: bytes | Section) -> str:
    if isinstance(body, bytes):
        return hashlib.sha256(body).hexdigest()
    found = hashlib.sha256()
    body.seek(0)
    while piece := body.read(_PIECE):
        found.update(piece)
        gevent.sleep(0)  # others have their turn
    body.seek(0)
    return found.hexdigest()
