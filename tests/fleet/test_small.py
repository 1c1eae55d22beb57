"""A server with NATS and two workers: set up, changed, used, drained, stopped, rebooted."""

from __future__ import annotations

import re

import gevent
import pytest

from tests.fleet.builds import Builds, wait_for
from tests.fleet.farm import Farm

pytestmark = [pytest.mark.slow, pytest.mark.short, pytest.mark.timeout(900)]

JOBS, CHECKS = "pikoci-worker@jobs.service", "pikoci-worker@checks.service"


def test_a_second_run_changes_nothing(small: Farm) -> None:
    before = small.processes()

    assert small.play("site.yml").changed() == {}
    assert small.processes() == before


def test_jobs_and_checks_run(builds: Builds) -> None:
    build = builds.run("short")
    checked = wait_for(lambda: list(builds.list("checked")), "a check to start a build")[-1]

    assert build["worker"] in {"w1-jobs", "w2-jobs"}
    assert builds.log("short", build["number"]) == f"ran build {build['id']}\n"
    assert builds.wait("checked", checked["number"], "succeeded")["worker"] in {"w1-jobs", "w2-jobs"}


def test_a_changed_setting_is_shown_first_and_restarts_only_what_it_concerns(small: Farm, builds: Builds) -> None:
    before, files = small.processes(), _settings(small)
    small.variables["pikoci_worker_instances"][0]["concurrency"] = 5

    checked = small.play("site.yml", "--check", "--diff")
    assert re.search(r"^-CONCURRENCY=\W*4", checked.output, re.MULTILINE)
    assert re.search(r"^\+CONCURRENCY=\W*5", checked.output, re.MULTILINE)
    assert small.processes() == before
    assert _settings(small) == files

    assert set(small.play("site.yml").changed()) == {"w1", "w2"}
    wait_for(lambda: _concurrency(builds) == 5, "the workers to be back with their new setting")
    after = small.processes()
    assert {service for service in after if after[service] != before.get(service)} == {f"w1 {JOBS}", f"w2 {JOBS}"}


def test_a_reload_lets_the_build_finish_and_takes_nothing_new(small: Farm, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    worker = held["worker"]
    host = small.fleet.hosts[worker.removesuffix("-jobs")]
    process = host.unit(JOBS, "MainPID")

    reload = gevent.spawn(host.run, f"systemctl reload {JOBS}", timeout=300)  # it takes as long as the drain
    wait_for(lambda: builds.workers()[worker]["state"] == "draining", f"{worker} to drain")
    meanwhile = [builds.run("short") for _ in range(4)]
    assert builds.get("held", held["number"])["status"] == "started"
    assert host.unit(JOBS, "MainPID") == process

    small.release_builds()
    ended = builds.wait("held", held["number"], "succeeded")
    reload.get()
    assert (ended["worker"], ended["attempt"]) == (worker, 1)
    assert worker not in {build["worker"] for build in meanwhile}
    wait_for(lambda: builds.workers()[worker]["state"] == "running", f"{worker} to be back")
    wait_for(lambda: host.unit(JOBS, "ActiveState") == {"ActiveState": "active"}, f"{JOBS} to be up")
    assert builds.run(f"on-{host.name}")["worker"] == worker


def test_a_stop_cancels_what_runs_and_says_why(small: Farm, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    worker = held["worker"]
    host = small.fleet.hosts[worker.removesuffix("-jobs")]

    host.run(f"systemctl stop {JOBS}")
    ended = builds.wait("held", held["number"], "cancelled")
    assert worker in ended["reason"]
    assert "SIGTERM" in ended["reason"]

    host.run(f"systemctl start {JOBS}")
    assert builds.run(f"on-{host.name}")["worker"] == worker


@pytest.mark.parametrize("name", ["ci1", "w1"])
def test_a_reboot_brings_all_back(small: Farm, builds: Builds, name: str) -> None:
    services = set(small.processes())

    small.fleet.hosts[name].reboot()

    assert set(small.processes()) == services
    assert builds.run("on-w1")["worker"] == "w1-jobs"
    assert small.fleet.hosts[name].run("systemctl --failed --no-legend") == ""


def _settings(farm: Farm) -> list[str]:
    return [host.run("cat /etc/pikoci/*") for host in farm.fleet.hosts.values()]


def _concurrency(builds: Builds) -> int:
    workers = builds.workers()
    return min(int(workers[name]["concurrency"]) for name in ("w1-jobs", "w2-jobs"))
