"""The built-in resource type `http`: one file that a server has."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import BinaryIO, TypeVar
from urllib.parse import quote, unquote, urlsplit

import gevent
import msgspec

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.json_path import parse_json_path, value_at
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.resources.placing import place, take
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.interruption import interruptible
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.pkg.web import Answer, Web, WebError, retry_after

_SECONDS, _SILENCE, _REDIRECTS = 6 * 3600.0, 30.0, 5
_DOCUMENT, _EXCERPT, _MEBIBYTE = 1024 * 1024, 64 * 1024, 1024 * 1024
_MOST_MEBIBYTES = 1024
_LONGEST = 500  # characters of what names a version
_NOT_MODIFIED = 304

#: How a version is known: the key of the version, the header of the answer, and the one that asks for another version.
_HEADERS = {
    "etag": ("etag", "etag", "If-None-Match"),
    "last-modified": ("last_modified", "last-modified", "If-Modified-Since"),
}

T = TypeVar("T")


class HttpType:
    """Versions are `{"sha256"}`, `{"etag"}`, `{"last_modified"}` or `{"version"}`, as the resource says."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """What the server has now, if that is not the previous version."""
        file = _File.of(call)
        found = _asked(call, lambda: file.look(previous or {}))
        return [] if found is None or found == previous else [found]

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Download it, make sure that it is still that version, and put it into the work directory."""
        file = _File.of(call)
        name = text_of(call.params.get("name")) or _name(file.url) or call.resource.name
        path, private = call.workspace.open_private()
        try:
            with private:
                found = _asked(call, lambda: file.download(private))
            kept = {key: value for key, value in version.items() if key in found}
            if kept != found:
                raise StepError(failed(f"the server has another version now, {_shown(found)}: check the resource"))
            place(call, path, name)
        finally:
            path.unlink(missing_ok=True)
        call.note(f"downloaded {name}")

    def push(self, call: ResourceCall) -> list[Version]:
        """Send a file of the work directory; to an address that ends with a slash, under its name."""
        file = _File.of(call)
        name = text_of(call.put_params.get("file"))
        method = text_of(call.put_params.get("method")).upper() or "PUT"
        folder = urlsplit(file.url).path.endswith("/")
        if folder:
            file = replace(file, url=_below(file.url, PurePosixPath(name).name))
        path = take(call, name)
        try:
            with path.open("rb") as content:
                answer, made = _asked(call, lambda: file.send(method, content))
        finally:
            path.unlink(missing_ok=True)
        call.note(f"sent {name}: the server answered {answer.status}")
        return [made] if made and method == "PUT" and not folder else []


class _Written:
    """Takes what is downloaded: its digest, and its beginning, as far as that may be a document."""

    def __init__(self, file: BinaryIO | None, beginning: int) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._room = beginning
        self.beginning = bytearray()

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Take the next part."""
        self._digest.update(data)
        if self._room > len(self.beginning):
            self.beginning += data[: self._room - len(self.beginning)]
        if self._file is not None:
            self._file.write(data)


@dataclass(frozen=True, kw_only=True)
class _File:
    """The file as the params of a resource name it. `way` is how its versions are known, `path` the one in JSON."""

    url: str
    headers: Mapping[str, str]
    ca: str
    way: str
    path: tuple[str | int, ...]
    most: int

    @classmethod
    def of(cls, call: ResourceCall) -> _File:
        """Raises StepError for params that no file has."""
        params = call.params
        path = text_of(params.get("version_path"))
        way = text_of(params.get("version")) or "digest"
        if way != "digest" and way not in _HEADERS:
            raise StepError(failed("version is digest, etag or last-modified, and no other"))
        try:
            parts = parse_json_path(path) if path else ()
        except InvalidError as error:
            raise StepError(failed(f"version_path: {error.message}")) from error
        return cls(
            url=text_of(params.get("url")),
            headers=_headers(params),
            ca=text_of(params.get("ca_cert")),
            way="path" if parts else way,
            path=parts,
            most=int(text_of(params.get("max_size")) or _MOST_MEBIBYTES) * _MEBIBYTE,
        )

    def look(self, previous: Version) -> Version | None:
        """The version that is there now, None if it is the previous one. Raises StepError and WebError."""
        if self.way not in _HEADERS:
            return self._download(_Written(None, _DOCUMENT if self.path else 0))
        key, _, unless = _HEADERS[self.way]
        known = text_of(previous.get(key))
        with self._web() as web:
            answer = web.ask(
                "GET", self.url, headers={**self.headers, **({unless: known} if known else {})}, whole=False
            )
        if answer.status == _NOT_MODIFIED and known:
            return None
        _require_success(answer)
        return self._named(answer)

    def download(self, file: BinaryIO) -> Version:
        """Write the file, and tell its version. Raises StepError, WebError and OSError."""
        return self._download(_Written(file, _DOCUMENT if self.path else 0))

    def send(self, method: str, content: BinaryIO) -> tuple[Answer, Version]:
        """Send the file, and tell the version that this made, if that is known. Raises StepError and WebError."""
        headers = {"Content-Type": "application/octet-stream", **self.headers}
        with self._web() as web:
            answer = web.ask(method, self.url, headers=headers, body=content, whole=False)
        _require_success(answer)
        if self.way == "digest":
            return answer, {"sha256": _digest(content)}
        named = self.way in _HEADERS and _HEADERS[self.way][1] in answer.headers
        return answer, self._named(answer) if named else {}

    def _download(self, written: _Written) -> Version:
        most = min(self.most, _DOCUMENT) if self.path else self.most
        with self._web() as web:
            answer = web.download(self.url, written, headers=self.headers, limit=most)
        _require_success(answer)
        if self.way == "digest":
            return {"sha256": written.digest}
        return {"version": _read(self.path, bytes(written.beginning))} if self.path else self._named(answer)

    def _named(self, answer: Answer) -> Version:
        """The version that the headers of an answer name."""
        key, header, _ = _HEADERS[self.way]
        value = answer.headers.get(header, "").strip()
        if not value or len(value) > _LONGEST:
            raise StepError(failed(f'the server names no {self.way} that could be a version; take version = "digest"'))
        return {key: value}

    def _web(self) -> Web:
        return Web(
            seconds=_SECONDS,
            silence=_SILENCE,
            limit=_EXCERPT,
            redirects=_REDIRECTS,
            ca=self.ca,
            secret=tuple(self.headers),
        )


def _asked(call: ResourceCall, exchange: Callable[[], T]) -> T:
    try:
        return interruptible(call.lifetime, exchange)
    except WebError as error:
        hint = "; ca_cert can name who vouches for it" if error.fault == "trust" else ""
        raise StepError(failed(f"{error}{hint}")) from None


def _headers(params: Mapping[str, object]) -> dict[str, str]:
    """What is sent along. Raises StepError."""
    found: dict[str, str] = {}
    for param in ("headers", "secret_headers"):
        given = params.get(param) or {}
        if not isinstance(given, Mapping):
            raise StepError(failed(f"{param} is no map of names and values"))
        found |= {name: text_of(value) for name, value in given.items()}
    user, password, token = (text_of(params.get(name)) for name in ("username", "password", "token"))
    if token and (user or password):
        raise StepError(failed("there are both a token and a username or password"))
    if token:
        found["Authorization"] = f"Bearer {token}"
    elif user or password:
        found["Authorization"] = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    return found


def _require_success(answer: Answer) -> None:
    if answer.ok:
        return
    pause = retry_after(answer)
    later = f", and asks to be left alone for {pause:g} s" if pause else ""
    raise StepError(failed(f"the server answered {answer.status}{later}"))


def _read(path: tuple[str | int, ...], document: bytes) -> str:
    try:
        value = value_at(path, msgspec.json.decode(document))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise StepError(failed("what the server sent is no JSON document")) from None
    text = "" if isinstance(value, dict | list) else text_of(value)
    if not text or len(text) > _LONGEST:
        raise StepError(failed("the version_path leads to no text or number in what the server sent"))
    return text


def _digest(content: BinaryIO) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(_MEBIBYTE):
        digest.update(piece)
        gevent.sleep(0)
    return digest.hexdigest()


def _name(url: str) -> str:
    """The last part of an address, if that can name a file."""
    try:
        name = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""
    return name if name not in {"", ".", ".."} and "/" not in name and name.isprintable() else ""


def _below(url: str, name: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=parts.path + quote(name, safe="")).geturl()


def _shown(version: Version) -> str:
    return ", ".join(f"{key} {value}" for key, value in version.items())
