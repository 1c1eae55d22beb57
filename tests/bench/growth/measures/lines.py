"""Builds that wait: in a serial group, for one job's slots, for a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.site import Site

PENDING = 50  # of each job of a group


def _next_build(site: Site) -> None:
    """The build that was given out runs and ends, and the scheduler gives out the next."""
    build_id = site.publisher.take()[-1]
    found = site.store.builds.get(build_id)
    assert found is not None
    site.run(found)


def serial_group(site: Site, jobs: int) -> Callable[[], Any]:
    """A build ends in a group of so many jobs, each with builds that wait."""
    site.make(configs.jobs(jobs, 'serial_groups = ["g"]'))
    for number in range(1, jobs + 1):
        site.seeds.pending(site.job(f"j{number}"), PENDING)
    site.seeds.settle()
    site.unpause()
    return lambda: _next_build(site)


def queue(site: Site, pending: int) -> Callable[[], Any]:
    """A build ends of a job that runs one at a time, with so many behind it."""
    site.make(configs.job("run", "concurrency = 1"))
    site.seeds.pending(site.job(), pending)
    site.seeds.settle()
    site.unpause()
    return lambda: _next_build(site)


def claim(site: Site, waiting: int) -> Callable[[], Any]:
    """A build is triggered, taken and run while so many others wait for a worker."""
    site.make(configs.job("run"))
    site.seeds.pending(site.job(), waiting, dispatched=True)
    site.seeds.settle()
    return lambda: site.run(site.trigger())


def sweep(site: Site, waiting: int) -> Callable[[], Any]:
    """The sweeper looks after the builds that wait, with the broker knowing of all of them."""
    site.make(configs.job("run"))
    site.seeds.pending(site.job(), waiting, dispatched=True)
    site.seeds.settle()
    site.publisher.known_depth = waiting + 1
    return site.services.scheduling.sweep


MEASURES = (
    Measure("A", "serial-group", "jobs of the group", serial_group, share=1000, repeats=3),
    Measure("A", "queue", "builds behind it", queue),
    Measure("flat", "claim", "builds that wait for a worker", claim),
    Measure("flat", "sweep", "builds that wait for a worker", sweep),
)
