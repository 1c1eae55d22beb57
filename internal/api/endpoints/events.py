"""What happens to a build, as server-sent events."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache

import falcon

from pikoci.internal.api import render
from pikoci.internal.api.bodies import EventQuery
from pikoci.internal.api.parsing import as_json, read_number
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.build import Build, LogChunk
from pikoci.internal.domain.errors import ConflictError, PikociError, UnauthenticatedError, UnavailableError
from pikoci.internal.service import Services
from pikoci.internal.service.use_cases.views import BuildUpdate

log = logging.getLogger(__name__)

KEEP_ALIVE = b": keep-alive\n\n"
#: How long, in milliseconds, a browser waits before it connects again.
OPENING = b"retry: 1000\n\n"


class Events:
    """`…/builds/{number}/events`.

    `status` holds the build, `steps` its steps, each sent whole at the beginning and on every change. `log` holds new
    log; its id is the offset after it, so that a reader who lost the connection goes on from there. After the final
    status and the whole log comes `end`; a stream that stops without it is to be asked for again.
    """

    def __init__(self, services: Services, settings: ApiSettings) -> None:
        self._builds = services.builds
        self._bus = services.context.bus
        self._limit = settings.max_streams
        self._open = 0

    def get(
        self,
        request: ApiRequest,
        response: falcon.Response,
        team: str,
        pipeline: str,
        job: str,
        number: str,
        query: EventQuery,
    ) -> None:
        """The stream from an offset of the log on. Raises UnavailableError when too many are open."""
        build = self._builds.find(request.principal, team, pipeline, job, number)
        last = request.get_header("Last-Event-ID")
        offset = read_number(last, "Last-Event-ID") if last else query.offset
        if offset > build.log_size:
            raise ConflictError(
                f"the log has {build.log_size} bytes now, not {offset}", hint="begin at its end, or at 0"
            )
        if self._open >= self._limit or self._bus.closed:
            raise UnavailableError("too many event streams are open, or the server is ending", hint="ask again later")
        response.content_type = "text/event-stream; charset=utf-8"
        response.set_header("X-Accel-Buffering", "no")  # a proxy that collects would hide what happens
        if request.method != "HEAD":
            response.stream = self._counted(request, (team, pipeline), build.id, offset)

    def _counted(self, request: ApiRequest, where: tuple[str, str], build_id: int, offset: int) -> Iterator[bytes]:
        self._open += 1
        try:
            yield from self._events(request, where, build_id, offset)
        except UnauthenticatedError as error:
            log.info("an event stream ended with what it was opened with", extra={"reason": error.message})
        except PikociError as error:
            # The status line is out: the reader asks again and is told then.
            log.warning("an event stream broke", extra={"build": build_id, "error": error.message})
        finally:
            self._open -= 1

    def _events(self, request: ApiRequest, where: tuple[str, str], build_id: int, offset: int) -> Iterator[bytes]:
        yield OPENING
        build: Build | None = None
        for update in self._builds.follow(request.principal, build_id, offset, request.ask_again):
            if update is None:
                yield KEEP_ALIVE
                continue
            build = update.build or build
            yield encode(update, *where)
        if build is not None and build.status.is_final and not self._bus.closed:
            yield b"event: end\ndata: " + as_json(render.build(build, *where)) + b"\n\n"


def encode(update: BuildUpdate, team: str, pipeline: str) -> bytes:
    """An update as events: status, then steps, then log."""
    lines = []
    if update.build is not None:
        lines.append(b"event: status\ndata: " + as_json(render.build(update.build, team, pipeline)) + b"\n\n")
    if update.steps is not None:
        lines.append(b"event: steps\ndata: " + as_json([render.step(step) for step in update.steps]) + b"\n\n")
    if update.chunks:
        lines.append(_log_events(tuple(update.chunks)))
    return b"".join(lines)


# All who follow a build are sent the same log, one after the other.
@lru_cache(maxsize=16)
def _log_events(chunks: tuple[LogChunk, ...]) -> bytes:
    return b"".join(
        b"event: log\nid: %d\ndata: %b\n\n" % (chunk.offset + len(chunk.data), as_json(render.log(chunk)))
        for chunk in chunks
    )
