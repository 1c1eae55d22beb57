"""One long log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pikoci.internal.api.endpoints.logs import PIECE, stream
from pikoci.internal.domain.events import LogWritten
from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.site import Site

LINE = b"a line of a log as they often are, and its number, and how it went %09d\n"
PER_EVENT = 3500  # lines, about 256 KB


def download(site: Site, kilobytes: int) -> Callable[[], Any]:
    """Somebody downloads the log of a running build, and takes it as fast as it comes."""
    site.make(configs.job("run"))
    build = site.trigger()
    claim = site.claim(build).claim
    events = max(1, kilobytes * 1000 // (PER_EVENT * len(LINE % 0)))
    for number in range(1, events + 1):
        data = b"".join(LINE % (number * PER_EVENT + line) for line in range(PER_EVENT))
        site.report(build, claim, number, LogWritten(step="1", at=site.clock.now(), data=data))
    size = site.build(build).log_size
    builds = site.services.builds

    def read() -> None:
        first = builds.read_log(build.id, 0, PIECE)
        assert sum(map(len, stream(builds, build.id, 0, size, first))) == size

    return read


MEASURES = (Measure("C", "download", "kilobytes of the log", download, ("stand",), "stand", repeats=3),)
