"""Another version on the whole fleet, while builds keep coming; a host that fails; the way back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet.builds import Builds, stream
from tests.fleet.farm import Farm
from tests.fleet.host import Host

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DROP_IN = "/etc/systemd/system/pikoci-worker@jobs.service.d/refuse.conf"
REFUSES = """mkdir -p $(dirname {path}) && cat >{path} && systemctl daemon-reload"""


@pytest.fixture
def refuses_newer(small: Farm) -> Iterator[Host]:
    """A worker on which the newer version does not start."""
    host = small.workers[0]
    version = small.release(1)["pikoci_version"]
    rule = f"[Service]\nExecStartPre=/bin/sh -c '! readlink /opt/pikoci/current | grep -q {version}'\n"
    host.run(REFUSES.format(path=DROP_IN), text=rule)
    yield host
    host.run(f"rm {DROP_IN} && systemctl daemon-reload && systemctl reset-failed")


@pytest.mark.short
@pytest.mark.parametrize(("playbook", "release"), [("upgrade.yml", 1), ("rollback.yml", 0)])
def test_no_build_is_lost_cancelled_or_run_twice(small: Farm, builds: Builds, playbook: str, release: int) -> None:
    small.variables |= small.release(release)

    with stream(builds, "short") as started:
        small.play(playbook)

    assert started.assert_each_ran_once() > 10
    assert _versions(builds) == {small.release(release)["pikoci_version"]}


def test_a_failing_host_stops_the_upgrade_and_the_rest_serves(small: Farm, builds: Builds, refuses_newer: Host) -> None:
    older, newer = small.release(0), small.release(1)
    small.variables |= newer

    played = small.attempt("upgrade.yml")
    small.variables |= older

    assert played.status != 0
    assert played.recap[refuses_newer.name]["failed"] == 1
    assert builds.client.version() == newer["pikoci_version"]
    rest = builds.workers()["w2-jobs"]
    assert (rest["state"], rest["version"]) == ("running", older["pikoci_version"])
    assert builds.run("short")["worker"] == "w2-jobs"


def test_the_next_run_makes_good_what_was_cut_short(small: Farm, builds: Builds) -> None:
    small.variables |= small.release(1)

    small.play("upgrade.yml")

    assert _versions(builds) == {small.release(1)["pikoci_version"]}


def _versions(builds: Builds) -> set[str]:
    """The versions of the server and the workers."""
    return {builds.client.version(), *(worker["version"] for worker in builds.workers().values())}
