"""What workers ask of the server."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import suppress

import falcon
import gevent

from pikoci.internal.api.authentication import read_bearer
from pikoci.internal.api.names import Instance, WorkerName, fits
from pikoci.internal.api.packed import read_packed, require_plain, write_packed
from pikoci.internal.api.parsing import SlowBodyError, as_json
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.errors import InvalidError, PikociError, UnauthenticatedError, UnavailableError
from pikoci.internal.domain.gateway import AnnouncementResult, CheckResult, Heartbeat, WorkerCommand, WorkerHello
from pikoci.internal.domain.names import WORKER
from pikoci.internal.domain.wire import (
    INSTANCE_HEADER,
    LINES,
    MAX_CHECK_RESULT,
    MAX_REPORT,
    WORKER_HEADER,
    Report,
    SecretValue,
    StoredArtifact,
)
from pikoci.internal.service import Services
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.use_cases.gateway import WorkerGateway

log = logging.getLogger(__name__)

#: Bytes of an upload read at once.
PIECE = 256 * 1024
#: Seconds in which the rest of a refused upload is read, so that the worker sees the answer and not a broken pipe.
LINGER = 5.0
#: The largest greeting, and the largest heartbeat: one with about ten thousand claims.
SMALL, BEAT = 64 * 1024, 256 * 1024
KEEP_ALIVE = b"\n"


class WorkerApi:
    """`/worker/…`: the gateway over HTTP, for whoever has a worker's token and says who it is in two headers."""

    def __init__(self, services: Services, settings: ApiSettings) -> None:
        self._gateway = services.gateway
        self._tokens = services.tokens
        self._bus = services.context.bus
        self._timeout = settings.body_timeout
        self._limit = settings.max_worker_streams
        self._open = 0

    def register(self, request: ApiRequest, response: falcon.Response) -> None:
        """Make the worker known."""
        gateway, _ = self._opened(request)
        hello = read_packed(request, WorkerHello, SMALL, self._timeout)
        write_packed(response, gateway.register(hello))

    def heartbeat(self, request: ApiRequest, response: falcon.Response) -> None:
        """Renew leases, tell what was lost and what is wanted."""
        gateway, _ = self._opened(request)
        write_packed(response, gateway.heartbeat(read_packed(request, Heartbeat, BEAT, self._timeout)))

    def commands(self, request: ApiRequest, response: falcon.Response) -> None:
        """A line for each command the moment it is given, an empty one now and then. Raises UnavailableError."""
        gateway, remote = self._opened(request)
        if self._open >= self._limit or self._bus.closed:
            raise UnavailableError("too many workers listen, or the server is ending", hint="heartbeats tell the same")
        response.content_type = LINES
        response.set_header("X-Accel-Buffering", "no")
        if request.method != "HEAD":
            response.stream = self._counted(gateway.commands(remote.name, remote.instance))

    def claim_build(self, request: ApiRequest, response: falcon.Response, build_id: int) -> None:
        """Take a dispatched build."""
        gateway, remote = self._opened(request)
        write_packed(response, gateway.claim_build(build_id, remote.name, remote.instance))

    def report(self, request: ApiRequest, response: falcon.Response, build_id: int, claim: int) -> None:
        """Take in events of a claim."""
        gateway, _ = self._opened(request)
        report = read_packed(request, Report, MAX_REPORT, self._timeout)
        require_plain(getattr(event, "version", None) for event in report.events)
        gateway.report(build_id, claim, report.first, report.events)
        response.status = 204

    def claim_check(self, request: ApiRequest, response: falcon.Response, resource_id: int) -> None:
        """Take a requested check."""
        gateway, remote = self._opened(request)
        write_packed(response, gateway.claim_check(resource_id, remote.name, remote.instance))

    def finish_check(self, request: ApiRequest, response: falcon.Response, resource_id: int, claim: int) -> None:
        """Take in a check's outcome."""
        gateway, _ = self._opened(request)
        result = read_packed(request, CheckResult, MAX_CHECK_RESULT, self._timeout)
        require_plain(result.versions)
        gateway.finish_check(resource_id, claim, result)
        response.status = 204

    def claim_announcement(self, request: ApiRequest, response: falcon.Response, announcement_id: int) -> None:
        """Take an announcement that is to be sent."""
        gateway, remote = self._opened(request)
        write_packed(response, gateway.claim_announcement(announcement_id, remote.name, remote.instance))

    def finish_announcement(
        self, request: ApiRequest, response: falcon.Response, announcement_id: int, claim: int
    ) -> None:
        """Take in how sending an announcement ended."""
        gateway, _ = self._opened(request)
        gateway.finish_announcement(
            announcement_id, claim, read_packed(request, AnnouncementResult, SMALL, self._timeout)
        )
        response.status = 204

    def build_secret(
        self, request: ApiRequest, response: falcon.Response, build_id: int, claim: int, secret: str
    ) -> None:
        """The value of an entry that the plan of a build names."""
        gateway, _ = self._opened(request)
        write_packed(response, SecretValue(value=gateway.build_secret(build_id, claim, secret)))

    def check_secret(
        self, request: ApiRequest, response: falcon.Response, resource_id: int, claim: int, secret: str
    ) -> None:
        """The value of an entry that the plan of a check names."""
        gateway, _ = self._opened(request)
        write_packed(response, SecretValue(value=gateway.check_secret(resource_id, claim, secret)))

    def announcement_secret(
        self, request: ApiRequest, response: falcon.Response, announcement_id: int, claim: int, secret: str
    ) -> None:
        """The value of an entry that an announcement names."""
        gateway, _ = self._opened(request)
        write_packed(response, SecretValue(value=gateway.announcement_secret(announcement_id, claim, secret)))

    def store_artifact(self, request: ApiRequest, response: falcon.Response, build_id: int, claim: int) -> None:
        """Keep the body, of any length up to the server's limit, in bounded memory."""
        gateway, _ = self._opened(request)
        pieces = _pieces(request, self._timeout)
        try:
            digest = gateway.store_artifact(build_id, claim, pieces)
        except PikociError:
            _discard(request, LINGER)
            raise
        write_packed(response, StoredArtifact(digest=digest))

    def load_artifact(
        self, request: ApiRequest, response: falcon.Response, build_id: int, claim: int, digest: str
    ) -> None:
        """A stream that was kept."""
        found = self._opened(request)[0].load_artifact(build_id, claim, digest)
        response.content_type = "application/octet-stream"
        if request.method != "HEAD":
            response.stream = _unbroken(found, build_id)

    def _opened(self, request: ApiRequest) -> tuple[WorkerGateway, Claimant]:
        """What is open to who asks, before anything of the body is read, and who it is.

        Raises UnauthenticatedError and InvalidError.
        """
        header = request.env.get("HTTP_AUTHORIZATION")
        if header is None:
            raise UnauthenticatedError(
                "this needs a worker token", hint="`pikoci worker-token` makes one; send it as a bearer token"
            )
        try:
            opens = self._tokens.read_worker(read_bearer(header))
        except UnauthenticatedError as error:
            hint = "make one with `pikoci worker-token` and this server's --jwt-secret"
            raise UnauthenticatedError(f"this worker token is refused: {error.message}", hint=hint) from error
        name = request.get_header(WORKER_HEADER, default="")
        instance = request.get_header(INSTANCE_HEADER, default="")
        if not fits(name, WorkerName):
            raise InvalidError(f"the header {WORKER_HEADER} does not name a worker", hint=f"it {WORKER.sentence}")
        if not fits(instance, Instance):
            raise InvalidError(f"the header {INSTANCE_HEADER} does not hold the instance of a worker")
        remote = Claimant(name, instance, opens, request.address)
        return self._gateway.opened_by(remote), remote

    def _counted(self, commands: Iterator[WorkerCommand | None]) -> Iterator[bytes]:
        self._open += 1
        try:
            yield KEEP_ALIVE  # the worker knows at once that it is heard
            for command in commands:
                yield KEEP_ALIVE if command is None else as_json(command) + b"\n"
        except PikociError as error:
            log.warning("a stream of commands broke", extra={"error": error.message})
        finally:
            self._open -= 1


def _pieces(request: ApiRequest, timeout: float) -> Iterator[bytes]:
    """The body as it comes; each piece within `timeout` seconds. Raises InvalidError where it ends too soon."""
    announced = request.content_length
    seen = 0
    while announced is None or seen < announced:
        try:
            with gevent.Timeout(timeout, SlowBodyError):
                piece: bytes = request.stream.read(PIECE if announced is None else min(PIECE, announced - seen))
        except OSError as error:  # a chunked body that is malformed or has no end, and a broken connection
            raise InvalidError("the body ended too soon", hint="send the request again") from error
        if not piece:
            break
        seen += len(piece)
        yield piece
    if announced is not None and seen < announced:
        raise InvalidError("the body ended before its announced length", hint="send the request again")


def _discard(request: ApiRequest, seconds: float) -> None:
    with suppress(SlowBodyError), gevent.Timeout(seconds, SlowBodyError):
        for _ in _pieces(request, seconds):
            pass


def _unbroken(pieces: Iterator[bytes], build_id: int) -> Iterator[bytes]:
    """The pieces. Raises ConnectionResetError, which breaks the connection, where the rest cannot be read."""
    try:
        yield from pieces
    except PikociError as error:
        log.warning("an artifact could not be read to its end", extra={"build": build_id, "error": error.message})
        raise ConnectionResetError(errno.ECONNRESET, "the artifact cannot be read now") from error
