"""Builds that are followed: each is read once for all who follow it on this server."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter

import gevent
import msgspec
from gevent.event import Event

from pikoci.internal.domain.build import Build, LogChunk, Step
from pikoci.internal.service.plumbing.bus import Wakeup, build_topic
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.slices import give_way

_READ_LIMIT = 256 * 1024
#: Bytes of the newest log that a feed keeps. Followers that are further behind read for themselves, at their own pace.
_KEPT = 1024 * 1024


def read_log(context: Context, build_id: int, offset: int, limit: int) -> list[LogChunk]:
    """Chunks from `offset` on, the first one cut so that it starts there."""
    return _cut(context.store.logs.read(build_id, offset, limit), offset)


class Feed:
    """A build as it was at the last look, and the newest of its log.

    The bus wakes it; a poll finds what other servers wrote. `build` is None where there is none, or none any more.
    `failure` is why the looking ended before the build did.
    """

    def __init__(self, context: Context, build_id: int) -> None:
        self.build: Build | None = None
        self.steps: list[Step] = []
        self.failure: Exception | None = None
        self._context = context
        self._build_id = build_id
        self._followers: set[Wakeup] = set()
        self._looked = Event()
        self._left = Wakeup()
        self._kept: list[LogChunk] = []
        self._end: int | None = None
        gevent.spawn(self._look_forever)

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    @contextmanager
    def followed(self) -> Iterator[Wakeup]:
        """What wakes the follower after each look; returns after the first. Raises what the first one failed with."""
        wakeup = Wakeup()
        self._followers.add(wakeup)
        try:
            self._looked.wait()
            self.check()
            yield wakeup
        finally:
            self._followers.discard(wakeup)
            if not self._followers:
                self._left.set()

    def check(self) -> None:
        """Raise what looking failed with, if it did."""
        if self.failure is not None:
            raise self.failure

    def log(self, offset: int) -> list[LogChunk]:
        """Some of the log from `offset` on; empty at its end."""
        start = self._kept[0].offset if self._kept else self._end or 0
        if offset < start:
            return read_log(self._context, self._build_id, offset, _READ_LIMIT)
        found: list[LogChunk] = []
        size = 0
        for chunk in self._kept[max(0, bisect_right(self._kept, offset, key=attrgetter("offset")) - 1) :]:
            if size >= _READ_LIMIT:
                break
            if chunk.offset + len(chunk.data) > offset:
                found.append(chunk)
                size += len(chunk.data)
        return _cut(found, offset)

    def _look_forever(self) -> None:
        try:
            with self._context.bus.subscribe(build_topic(self._build_id)) as self._left:
                while self._followers:
                    more = self._look()
                    self._wake()
                    if self.build is None or self.build.status.is_final or self._context.bus.closed:
                        return
                    if more:
                        give_way()
                    else:
                        self._left.wait(self._context.settings.follow_poll)
        except Exception as error:  # noqa: BLE001 - it is the followers' to report
            self.failure = error
        finally:
            self._wake()

    def _look(self) -> bool:
        """Read what is new; whether there is more of the log."""
        store = self._context.store
        build = store.builds.get(self._build_id)
        if build is not None and build != self.build:
            if self._end is None:
                self._end = build.log_size  # what was there before is read by those who want it
            chunks = store.logs.read(self._build_id, self._end, _READ_LIMIT) if build.log_size > self._end else []
            self.steps = store.builds.steps(self._build_id) if build.claim else []
            self._keep(chunks)
            if self.build is not None and chunks and self._end < build.log_size:
                self.build = msgspec.structs.replace(self.build, log_size=self._end)
                return True
        self.build = build
        return False

    def _keep(self, chunks: list[LogChunk]) -> None:
        if chunks:
            self._kept += chunks
            self._end = chunks[-1].offset + len(chunks[-1].data)
            del self._kept[: bisect_right(self._kept, self._end - _KEPT, key=attrgetter("offset"))]

    def _wake(self) -> None:
        self._looked.set()
        for wakeup in list(self._followers):
            wakeup.set()


class Feeds:
    """The feeds of a server: one for each build that somebody follows."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._open: dict[int, Feed] = {}

    @contextmanager
    def follow(self, build_id: int) -> Iterator[tuple[Feed, Wakeup]]:
        """The build's feed, and what wakes this follower of it. Raises what its first look failed with."""
        feed = self._open.get(build_id)
        if feed is None or feed.failure is not None:
            feed = self._open[build_id] = Feed(self._context, build_id)
        try:
            with feed.followed() as wakeup:
                yield feed, wakeup
        finally:
            if not feed.followers and self._open.get(build_id) is feed:
                del self._open[build_id]


def _cut(chunks: list[LogChunk], offset: int) -> list[LogChunk]:
    if not chunks or chunks[0].offset >= offset:
        return chunks
    first = chunks[0]
    return [msgspec.structs.replace(first, offset=offset, data=first.data[offset - first.offset :]), *chunks[1:]]
