"""Following a build: everything that changes, in order, until its end."""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.build import Build, LogChunk, Step
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.feeds import Feed, Feeds
from pikoci.internal.service.use_cases.views import BuildUpdate


class Follower:
    """One reader of one build: it goes at its own pace through what the build's feed knows.

    `check` raises what ends it before the build does.
    """

    def __init__(
        self,
        context: Context,
        feeds: Feeds,
        principal: Principal,
        build_id: int,
        log_offset: int,
        check: Callable[[], None],
    ) -> None:
        self._context = context
        self._feeds = feeds
        self._principal = principal
        self._build_id = build_id
        self._offset = log_offset
        self._check = check
        self._seen: Build | None = None
        self._steps: list[Step] | None = None

    def updates(self) -> Generator[BuildUpdate | None, None, None]:
        """See `BuildService.follow`."""
        quiet_since = self._context.clock.monotonic()
        with self._feeds.follow(self._build_id) as (feed, wakeup):
            if feed.build is None:
                raise NotFoundError(f"there is no build {self._build_id}")
            while True:
                feed.check()
                self._check()
                update = self._next(feed)
                if update is not None:
                    quiet_since = self._context.clock.monotonic()
                    yield update
                    if update.chunks:
                        continue  # there may be more of the log, without waiting
                if self._is_over() or self._context.bus.closed:
                    return
                wakeup.wait(self._context.settings.follow_poll)
                if self._context.clock.monotonic() - quiet_since >= self._context.settings.keep_alive:
                    quiet_since = self._context.clock.monotonic()
                    yield None

    def _is_over(self) -> bool:
        return self._seen is None or self._seen.status.is_final

    def _next(self, feed: Feed) -> BuildUpdate | None:
        if feed.build is None:
            self._seen = None  # deleted meanwhile
            return None
        build = self._context.waiting.explain(self._principal, feed.build)
        if self._seen == build:
            return None
        chunks = feed.log(self._offset) if build.log_size > self._offset else []
        if chunks:
            self._offset = chunks[-1].offset + len(chunks[-1].data)
        return self._update(build, feed.steps, chunks)

    def _update(self, build: Build, steps: list[Step], chunks: list[LogChunk]) -> BuildUpdate | None:
        # A lease that was renewed, or an event counted, is nothing to tell.
        changed = self._seen is None or _visible(build) != _visible(self._seen)
        update = BuildUpdate(
            build=build if changed else None,
            steps=steps if steps != self._steps else None,
            chunks=chunks,
            log_offset=self._offset,
        )
        # While log is left to read, this is not the state to compare the next one with.
        caught_up = self._offset >= build.log_size or not chunks
        self._seen = build if caught_up else msgspec.structs.replace(build, log_size=self._offset)
        self._steps = steps
        return update if update.build or update.chunks or update.steps is not None else None


def _visible(build: Build) -> Build:
    return msgspec.structs.replace(build, lease_expires_at=None, last_event=0, log_size=0)
