"""Builds of the farm run as users of their own, and reach nothing of their worker's."""

from __future__ import annotations

import re

import pytest

from tests.fleet.builds import Builds
from tests.fleet.farm import Farm

pytestmark = [pytest.mark.slow, pytest.mark.short, pytest.mark.timeout(900)]


def test_a_build_reaches_nothing_of_its_worker(small: Farm, builds: Builds) -> None:
    build = builds.run("reach")
    host = small.fleet.hosts[build["worker"].removesuffix("-jobs")]
    said = builds.log("reach", build["number"]).splitlines()

    user, *rest = said
    assert re.fullmatch(r"user pikoci-build-jobs-\d+ groups pikoci-build-jobs", user)
    assert rest[0].split() == ["CapEff:", "0000000000000000"]
    assert rest[1] != f"mounts {host.run('readlink /proc/1/ns/mnt').strip()}"
    tried = [line.split()[0] for line in rest[2:]]
    assert len(tried) >= 4  # worker, zygote, supervisor, and what was left
    assert set(tried) == {"tried", "left"}
    uid = host.run(f"id -u {user.split()[1]}").strip()
    assert host.run(rf"grep -lE '^Uid:\s+{uid}\s' /proc/[0-9]*/status || true") == ""
