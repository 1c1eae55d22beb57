"""Workers that are gone without a word: their builds end elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fleet.builds import Builds, is_run_by, wait_for
from tests.fleet.farm import Farm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.short
def test_a_host_that_is_cut_off_stops_its_build_and_comes_back(small: Farm, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    worker = held["worker"]
    host = small.fleet.hosts[worker.removesuffix("-jobs")]
    wait_for(lambda: is_run_by(host, held), "the build's processes")

    host.cut()
    wait_for(lambda: _runs_again(builds, held), "the build to run elsewhere")
    assert not is_run_by(host, held)
    small.release_builds()
    assert builds.wait("held", held["number"], "succeeded")["worker"] != worker

    host.rejoin()
    wait_for(lambda: builds.workers()[worker]["state"] == "running", f"{worker} to be back")
    assert builds.run(f"on-{host.name}")["worker"] == worker


def test_a_destroyed_host_is_replaced_and_its_build_ends_elsewhere(small: Farm, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    worker = held["worker"]
    name = worker.removesuffix("-jobs")

    small.fleet.destroy(name)
    wait_for(lambda: _runs_again(builds, held), "the build to run elsewhere")
    small.release_builds()
    ended = builds.wait("held", held["number"], "succeeded")
    assert ended["worker"] != worker

    small.fleet.add(name)
    small.play("site.yml")
    assert builds.run(f"on-{name}")["worker"] == worker


def _runs_again(builds: Builds, build: dict[str, Any]) -> bool:
    now = builds.get("held", build["number"])
    assert now["finished_at"] is None, f"{now['status']}: {now['reason']}"
    return bool(now["attempt"] == 2)
