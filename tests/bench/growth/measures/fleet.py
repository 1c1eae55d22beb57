"""Workers that are registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.site import Site


def heartbeat(site: Site, workers: int) -> Callable[[], Any]:
    """One worker's heartbeat."""
    site.seeds.workers(workers)
    site.seeds.settle()
    return site.beat


def build(site: Site, workers: int) -> Callable[[], Any]:
    """A build from its trigger to its end, which also asks whether any worker can run it."""
    site.make(configs.job("run"))
    site.seeds.workers(workers)
    site.seeds.settle()
    return lambda: site.run(site.trigger())


MEASURES = (
    Measure("J", "heartbeat", "workers", heartbeat, share=10),
    Measure("J", "build-of-fleet", "workers", build, share=10),
)
