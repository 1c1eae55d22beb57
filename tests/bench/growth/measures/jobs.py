"""Jobs of one pipeline."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.site import Site

SHARE = 100
_STANDING: tuple[tuple[str, ...], str] = (("stand",), "stand")


def set_pipeline(site: Site, jobs: int) -> Callable[[], Any]:
    """A pipeline is set, and the scheduler looks at it."""
    config, numbers = configs.jobs(jobs), count()
    return lambda: site.make(config, f"p{next(numbers)}")


def unpause(site: Site, jobs: int) -> Callable[[], Any]:
    """A pipeline is unpaused, and the scheduler looks at it."""
    site.make(configs.jobs(jobs))
    return site.unpause


def _page(address: str) -> Callable[[Site, int], Callable[[], Any]]:
    def prepare(site: Site, jobs: int) -> Callable[[], Any]:
        """An address of a pipeline of so many jobs, each built once."""
        site.make(configs.jobs(jobs))
        for number in range(1, jobs + 1):
            site.seeds.ended(site.job(f"j{number}"), 1)
        site.seeds.settle()
        get = site.browser()
        return lambda: get(address)

    return prepare


_PIPELINE = "/api/v1/teams/main/pipelines/p"
_ANSWER = ("statements", "read", "processor", "size")
MEASURES = (
    Measure("K", "set", "jobs of the pipeline", set_pipeline, *_STANDING, share=SHARE, repeats=3),
    Measure("K", "unpause", "jobs of the pipeline", unpause, *_STANDING, share=SHARE, repeats=3),
    Measure("L", "job", "jobs of the pipeline", _page(f"{_PIPELINE}/jobs/j1"), _ANSWER, share=SHARE),
    Measure("L", "badge", "jobs of the pipeline", _page(f"{_PIPELINE}/badge.svg"), _ANSWER, share=SHARE),
    Measure("L", "home-of-jobs", "jobs of the pipeline", _page("/"), _ANSWER, share=SHARE),
)
