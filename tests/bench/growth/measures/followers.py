"""Those who follow the log of one build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.events import LogWritten
from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.site import Site

LINE = b"a line of a log\n"


def follow(site: Site, followers: int) -> Callable[[], Any]:
    """A line is written, and all followers have it."""
    site.make(configs.job("run"))
    build = site.trigger()
    claim = site.claim(build).claim
    offsets = [0] * followers

    def read(number: int) -> None:
        while not site.services.context.bus.closed:
            try:
                for update in site.services.builds.follow(site.alice, build.id, offsets[number]):
                    if update is not None:
                        offsets[number] = update.log_offset
            except UnavailableError:  # all connections to the database were busy: as a client, come again
                gevent.sleep(0.1)

    for number in range(followers):
        gevent.spawn(read, number)
    written = 0

    def write() -> None:
        nonlocal written
        written += 1
        site.report(build, claim, written, LogWritten(step="1", at=site.clock.now(), data=LINE))
        while min(offsets) < written * len(LINE):
            gevent.sleep(0.001)

    return write


MEASURES = (Measure("I", "follow", "followers", follow, ("statements",), "wall", share=100),)
