"""Versions of a resource, and the builds that took them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.seeding import SUCCEEDED
from tests.bench.growth.site import Site


def _upstream(site: Site, versions: int, downstream: str) -> None:
    """A job `up` that took every version and succeeded, and those behind it."""
    site.make(configs.TYPED + configs.job("up", configs.get()) + downstream)
    site.seeds.ended(site.job("up"), versions, status=SUCCEEDED)
    site.seeds.inputs(site.job("up"), site.resource().id, site.seeds.versions(site.resource().id, versions))
    site.seeds.settle()


def unmet(site: Site, versions: int) -> Callable[[], Any]:
    """The scheduler looks at a job whose versions must have passed two others, of which one was never built."""
    passed = configs.get('passed = ["up", "other"]', "trigger = true")
    _upstream(site, versions, configs.job("other", configs.get()) + configs.job("down", passed))

    def look() -> None:
        site.services.jobs.unpause(site.alice, site.team, "p", "down")
        site.schedule()

    return look


def met(site: Site, versions: int) -> Callable[[], Any]:
    """A build whose input has passed another job is triggered, and runs."""
    _upstream(site, versions, configs.job("down", configs.get('passed = ["up"]')))
    return lambda: site.run(site.trigger("down"))


def check(site: Site, versions: int) -> Callable[[], Any]:
    """A check finds the newest version, which is known."""
    site.make(configs.TYPED + configs.job("up", configs.get()))
    site.seeds.versions(site.resource().id, versions)
    site.find_versions("newest")
    site.seeds.settle()
    return lambda: site.find_versions("newest")


MEASURES = (
    Measure("H", "unmet", "versions that passed one job", unmet),
    Measure("flat", "met", "versions that passed one job", met),
    Measure("flat", "check", "versions of the resource", check),
)
