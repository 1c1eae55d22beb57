"""`Gateway` over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import (
    AnnouncementAssignment,
    AnnouncementResult,
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    Heartbeat,
    HeartbeatReply,
    WorkerCommand,
    WorkerHello,
    WorkerTerms,
)
from pikoci.internal.domain.wire import (
    MAX_CHECK_RESULT,
    MAX_REPORT,
    MAX_REPORT_EVENTS,
    Report,
    SecretValue,
    StoredArtifact,
)
from pikoci.internal.worker.http.connection import ServerConnection

_BYTES = "application/octet-stream"
_LONGEST_LINE = 64 * 1024
_READ_SECONDS = 30.0

T = TypeVar("T")


class HttpGateway:
    """Keeps the contract of `Gateway` against a server elsewhere, for one worker.

    `instance` is `<secret>.<start>` as `wire.instance_key` says. A token that the server refuses raises
    UnauthenticatedError, which names --worker-token.
    """

    def __init__(self, url: str, token: str, name: str, instance: str, *, read_timeout: float = _READ_SECONDS) -> None:
        self._server = ServerConnection(url, token, name, instance, read_timeout)
        self._terms = WorkerTerms()
        self._read_timeout = read_timeout

    def register(self, hello: WorkerHello) -> WorkerTerms:
        """See `Gateway`."""
        self._terms = self._answer(self._server.post("/register", msgspec.msgpack.encode(hello)), WorkerTerms)
        return self._terms

    def heartbeat(self, beat: Heartbeat) -> HeartbeatReply:
        """See `Gateway`. Gives up early enough that it can be repeated within the lease."""
        timeout = min(self._read_timeout, self._terms.lease / 3)
        return self._answer(
            self._server.post("/heartbeat", msgspec.msgpack.encode(beat), timeout=timeout), HeartbeatReply
        )

    def commands(self, name: str, instance: str) -> Iterator[WorkerCommand | None]:
        """See `Gateway`. Ends when the server hangs up, raises UnavailableError when it falls silent."""
        silence = max(self._read_timeout, 3 * self._terms.heartbeat_interval)
        for line in _lines(self._server.stream("/commands", silence)):
            yield self._command(line) if line else None

    def claim_build(self, build_id: int, worker: str, instance: str) -> BuildAssignment:
        """See `Gateway`."""
        return self._answer(self._server.post(f"/builds/{build_id}/claim"), BuildAssignment)

    def report(self, build_id: int, claim: int, first: int, events: Sequence[BuildEvent]) -> None:
        """See `Gateway`. What one request may not hold is cut in two, and sent in order."""
        body = msgspec.msgpack.encode(Report(first=first, events=list(events)))
        if len(events) > 1 and (len(body) > MAX_REPORT or len(events) > MAX_REPORT_EVENTS):
            middle = len(events) // 2
            self.report(build_id, claim, first, events[:middle])
            self.report(build_id, claim, first + middle, events[middle:])
        else:
            self._server.post(f"/builds/{build_id}/claims/{claim}/events", body)

    def claim_check(self, resource_id: int, worker: str, instance: str) -> CheckAssignment:
        """See `Gateway`."""
        return self._answer(self._server.post(f"/checks/{resource_id}/claim"), CheckAssignment)

    def finish_check(self, resource_id: int, claim: int, result: CheckResult) -> None:
        """See `Gateway`. More than one request may hold is reported as the check's failure."""
        body = msgspec.msgpack.encode(result)
        if len(body) > MAX_CHECK_RESULT:
            error = f"the check found {len(body):,} bytes of versions; at most {MAX_CHECK_RESULT:,} are allowed"
            body = msgspec.msgpack.encode(CheckResult(error=error))
        self._server.post(f"/checks/{resource_id}/claims/{claim}/result", body)

    def claim_announcement(self, announcement_id: int, worker: str, instance: str) -> AnnouncementAssignment:
        """See `Gateway`."""
        return self._answer(self._server.post(f"/announcements/{announcement_id}/claim"), AnnouncementAssignment)

    def finish_announcement(self, announcement_id: int, claim: int, result: AnnouncementResult) -> None:
        """See `Gateway`."""
        body = msgspec.msgpack.encode(result)
        self._server.post(f"/announcements/{announcement_id}/claims/{claim}/result", body)

    def build_secret(self, build_id: int, claim: int, name: str) -> str:
        """See `Gateway`."""
        return self._secret(f"/builds/{build_id}/claims/{claim}/secrets/{name}")

    def check_secret(self, resource_id: int, claim: int, name: str) -> str:
        """See `Gateway`."""
        return self._secret(f"/checks/{resource_id}/claims/{claim}/secrets/{name}")

    def announcement_secret(self, announcement_id: int, claim: int, name: str) -> str:
        """See `Gateway`."""
        return self._secret(f"/announcements/{announcement_id}/claims/{claim}/secrets/{name}")

    def store_artifact(self, build_id: int, claim: int, chunks: Iterable[bytes]) -> str:
        """See `Gateway`. The stream is sent as it comes."""
        answer = self._server.post(f"/builds/{build_id}/claims/{claim}/artifacts", chunks, kind=_BYTES)
        return self._answer(answer, StoredArtifact).digest

    def load_artifact(self, build_id: int, claim: int, digest: str) -> Iterator[bytes]:
        """See `Gateway`."""
        return self._server.stream(f"/builds/{build_id}/claims/{claim}/artifacts/{digest}")

    def close(self) -> None:
        """Close every connection."""
        self._server.close()

    def _secret(self, path: str) -> str:
        return self._answer(self._server.post(path), SecretValue).value

    def _answer(self, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._strange(error) from error

    def _command(self, line: bytes) -> WorkerCommand | None:
        """None for a command of a newer server; the heartbeat's answer decides what becomes of it."""
        try:
            return msgspec.json.decode(line, type=WorkerCommand)
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._strange(error) from error

    def _strange(self, error: Exception) -> UnavailableError:
        return UnavailableError(
            f"{self._server.address} does not answer like a PikoCI server: {error}",
            hint="check --pikoci-url, and that server and worker are of neighbouring releases",
        )


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream. Raises UnavailableError for one that never ends."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_LINE:
            raise UnavailableError("the server sends a line that does not end")
