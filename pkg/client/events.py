"""Server-sent events: reading them, and following a build through lost connections."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pikoci.pkg.client.errors import ClientError
from pikoci.pkg.client.retry import may_retry
from pikoci.pkg.client.transport import Transport

#: The server sends no longer line.
MAX_LINE = 16 * 1024 * 1024
#: The server says something at least every 15 seconds; silence for this long is a dead connection.
SILENCE = 60.0

Kind = Literal["status", "steps", "log", "end"]

_KINDS: dict[str, Kind] = {"status": "status", "steps": "steps", "log": "log", "end": "end"}


@dataclass(frozen=True, slots=True)
class BuildEvent:
    """What happened: `status` and `end` carry the build, `steps` its steps, `log` a piece of log.

    `offset` is where the log has been read to, to follow on from later.
    """

    kind: Kind
    data: Any
    offset: int

    @property
    def log(self) -> bytes:
        """The log's bytes of a `log` event; empty for others."""
        if self.kind != "log":
            return b""
        if "base64" in self.data:
            return base64.b64decode(self.data["base64"])
        return str(self.data["text"]).encode()


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event as it came; `id` is the last one that was named, by this event or one before."""

    kind: str
    data: bytes
    id: str | None


def read_events(pieces: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events of a stream, as the HTML standard defines them; comments are left out.

    Raises ClientError for a line over `MAX_LINE`.
    """
    kind, last = "message", None
    data: list[bytes] = []
    for line in _lines(pieces):
        if not line:
            if data:
                yield ServerEvent(kind, b"\n".join(data), last)
            kind, data = "message", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            kind = value.decode(errors="replace")
        elif field == b"data":
            data.append(value)
        elif field == b"id":
            last = value.decode(errors="replace")


def follow(transport: Transport, path: str, offset: int) -> Iterator[BuildEvent]:
    """A build's events from an offset of its log on, until it ended.

    A lost connection is made again, where the log stopped, after a pause; the build and its steps come again then.
    Raises ApiError when the server refuses, ServerUnreachableError when it was away for `patience` seconds.
    """
    policy = transport.policy
    failures, lost_at = 0, 0.0
    while True:
        error: ClientError | None = None
        try:
            for event in _connected(transport, path, offset):
                failures, offset = 0, event.offset
                yield event
                if event.kind == "end":
                    return
        except ClientError as caught:
            error = caught
        now = policy.monotonic()
        # A build may be quiet for hours: what counts is how long the server has been away.
        lost_at = lost_at if failures else now
        if error is not None and (not may_retry(error) or now - lost_at > policy.patience):
            raise error
        failures += 1
        policy.pause(failures, error)


def _connected(transport: Transport, path: str, offset: int) -> Iterator[BuildEvent]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(offset)}
    with transport.open("GET", path, headers=headers, read_timeout=SILENCE) as response:
        for event in read_events(response.iter_bytes()):
            kind = _KINDS.get(event.kind)
            if kind is None:
                continue  # of a newer server
            try:
                offset = int(event.id) if kind == "log" and event.id is not None else offset
                known = BuildEvent(kind, json.loads(event.data), offset)
            except ValueError as error:
                raise ClientError(f"{transport.base_url} sent an event that cannot be read") from error
            yield known


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    size = 0
    for piece in pieces:
        first, *more = piece.split(b"\n")
        rest.append(first)
        size += len(first)
        if size > MAX_LINE:
            raise ClientError(f"the server sent a line of more than {MAX_LINE:,} bytes")
        for following in more:
            yield b"".join(rest).removesuffix(b"\r")
            rest, size = [following], len(following)
