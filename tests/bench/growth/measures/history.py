"""Builds that have ended: what looks at a pipeline with a long history, and what takes it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.service import ServiceSettings
from tests.bench.growth import configs
from tests.bench.growth.measure import Measure
from tests.bench.growth.seeding import SUCCEEDED
from tests.bench.growth.site import Site

JOBS = 10
BEYOND = 500  # builds that retention is to delete


def _history(site: Site, builds: int) -> None:
    """Ten jobs with builds, and one that was never built."""
    site.make(configs.jobs(JOBS) + configs.job("never"))
    for number in range(1, JOBS + 1):
        site.seeds.ended(site.job(f"j{number}"), builds // JOBS)
    site.seeds.settle()


def overview(site: Site, builds: int) -> Callable[[], Any]:
    """The page of a pipeline."""
    _history(site, builds)
    get = site.browser()
    return lambda: get("/teams/main/pipelines/p")


def home(site: Site, builds: int) -> Callable[[], Any]:
    """The page of all pipelines."""
    _history(site, builds)
    get = site.browser()
    return lambda: get("/")


def newest(site: Site, builds: int) -> Callable[[], Any]:
    """The newest 50 builds of a job."""
    _history(site, builds)
    get = site.browser()
    return lambda: get("/api/v1/teams/main/pipelines/p/jobs/j1/builds?limit=50")


def trigger(site: Site, builds: int) -> Callable[[], Any]:
    """A build from its trigger to its end."""
    _history(site, builds)
    return lambda: site.run(site.trigger("j1"))


def _mostly_succeeded(site: Site, builds: int) -> None:
    """One job with builds of which only the newest failed."""
    site.make(configs.job("run"))
    site.seeds.ended(site.job(), builds, status=SUCCEEDED)
    site.seeds.settle()
    site.run(site.trigger(), BuildStatus.FAILED)


def status_of_job(site: Site, builds: int) -> Callable[[], Any]:
    """The builds of a job that failed."""
    _mostly_succeeded(site, builds)
    get = site.browser()
    return lambda: get("/api/v1/teams/main/pipelines/p/jobs/run/builds?status=failed")


def status(site: Site, builds: int) -> Callable[[], Any]:
    """The builds of a pipeline that failed."""
    _mostly_succeeded(site, builds)
    wanted = [BuildStatus.FAILED]
    return lambda: len(site.services.builds.list(site.alice, site.team, "p", statuses=wanted).items)


def pause(site: Site, builds: int) -> Callable[[], Any]:
    """A pipeline is paused."""
    _history(site, builds)
    return lambda: site.services.pipelines.pause(site.alice, site.team, "p")


def delete(site: Site, builds: int) -> Callable[[], Any]:
    """A pipeline is deleted, with a step, a log and all else of each build."""
    site.make(configs.job("run"))
    site.seeds.ended(site.job(), builds, parts=True)
    site.seeds.settle()
    return lambda: site.services.pipelines.delete(site.alice, site.team, "p")


def delete_all(site: Site, builds: int) -> Callable[[], Any]:
    """The same, until nothing of it is left, as far as others have to stand by meanwhile."""
    call = delete(site, builds)

    def whole() -> None:
        call()
        while site.services.scheduling.delete_hidden():
            pass

    return whole


def retention(site: Site, kept: int) -> Callable[[], Any]:
    """Retention deletes 500 builds of a job that keeps so many."""
    site.make(configs.job("run"))
    site.configure(ServiceSettings(build_retention_count=kept))
    site.seeds.ended(site.job(), kept + BEYOND, parts=True)
    site.seeds.settle()

    def prune() -> None:
        assert site.services.scheduling.prune() >= BEYOND - 3

    return prune


MEASURES = (
    Measure("B", "delete", "builds of the pipeline", delete, ("statements", "read", "stand"), "wall", repeats=1),
    Measure("B", "delete-all", "builds of the pipeline", delete_all, ("stand",), "stand", repeats=1),
    Measure("D", "overview", "builds that ended", overview),
    Measure("D", "home", "builds that ended", home),
    Measure("E", "retention", "builds that are kept", retention, repeats=1),
    Measure("F", "status-of-job", "builds that ended", status_of_job),
    Measure("F", "status", "builds that ended", status),
    Measure("F", "pause", "builds that ended", pause),
    Measure("flat", "newest", "builds that ended", newest),
    Measure("flat", "build", "builds that ended", trigger),
)
