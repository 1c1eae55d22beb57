"""Pipelines of one team."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.site import Site


def _pipelines(site: Site, pipelines: int) -> None:
    site.make(configs.job("run"))
    site.seeds.pipelines(pipelines)
    site.seeds.settle()


def page(site: Site, pipelines: int) -> Callable[[], Any]:
    """The page of all pipelines, of which it shows the first."""
    _pipelines(site, pipelines)
    get = site.browser()
    return lambda: get("/")


def build(site: Site, pipelines: int) -> Callable[[], Any]:
    """A build from its trigger to its end."""
    _pipelines(site, pipelines)
    return lambda: site.run(site.trigger())


MEASURES = (
    Measure("flat", "home-of-pipelines", "pipelines of the team", page),
    Measure("flat", "build-of-many", "pipelines of the team", build),
)
