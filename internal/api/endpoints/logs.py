"""Logs of builds as plain text, whole or in ranges, in bounded memory."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Iterator, Sequence

import falcon

from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.build import LogChunk
from pikoci.internal.domain.errors import NotFoundError, PikociError
from pikoci.internal.service import Services, give_way
from pikoci.internal.service.use_cases.builds import BuildService

log = logging.getLogger(__name__)

#: Bytes read at once; with one chunk of the log more, what a reader costs in memory.
PIECE = 256 * 1024

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


class Logs:
    """`…/builds/{number}/log`."""

    def __init__(self, services: Services) -> None:
        self._builds = services.builds

    def get(
        self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str, number: str
    ) -> None:
        """What the log holds now, or a range of its bytes; also while the build runs.

        Raises NotFoundError for a log that was deleted and falcon.HTTPRangeNotSatisfiable.
        """
        build = self._builds.find(request.principal, team, pipeline, job, number)
        response.content_type = "text/plain; charset=utf-8"
        response.set_header("Accept-Ranges", "bytes")
        wanted = read_range(request.get_header("Range"), build.log_size)
        # There is no validator to compare, so a conditional range is none.
        if wanted is None or request.get_header("If-Range") is not None:
            start, end = 0, build.log_size
        else:
            start, end = wanted
            response.status = 206
            response.set_header("Content-Range", f"bytes {start}-{end - 1}/{build.log_size}")
        first = self._builds.read_log(build.id, start, min(PIECE, end - start)) if end > start else []
        if end > start and not first:
            raise NotFoundError("the log of this build was deleted", hint="--log-retention says how long logs are kept")
        response.content_length = end - start
        response.stream = stream(self._builds, build.id, start, end, first)


def stream(builds: BuildService, build_id: int, start: int, end: int, first: Sequence[LogChunk]) -> Iterator[bytes]:
    """The log's bytes from `start` to `end`. Others have their turn between pieces, however fast the reader is.

    Raises ConnectionResetError, which breaks the connection, where the announced bytes can't be delivered any more.
    """
    chunks = first
    while True:
        for chunk in chunks:
            piece = chunk.data[: end - start]
            start += len(piece)
            if piece:
                yield piece
        if start >= end:
            return
        try:
            give_way()
            chunks = builds.read_log(build_id, start, min(PIECE, end - start))
        except PikociError as error:
            log.warning("a log could not be read to its end", extra={"build": build_id, "error": error.message})
            raise ConnectionResetError(errno.ECONNRESET, "the log cannot be read now") from error
        if not chunks:
            raise ConnectionResetError(errno.ECONNRESET, "the log was deleted while it was read")


def read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole, also where the header asks for something odd.

    Raises falcon.HTTPRangeNotSatisfiable for a range that begins after the end.
    """
    found = _RANGE.fullmatch(header.strip().lower()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= size:
        raise falcon.HTTPRangeNotSatisfiable(size, description=f"the log has {size} bytes now")
    return start, end
