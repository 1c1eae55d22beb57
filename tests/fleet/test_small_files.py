"""Builds write where resources of type `fs` may, in the sandbox of the unit, and have secrets of the server's store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.builds import Builds, wait_for
from tests.fleet.farm import Farm

pytestmark = [pytest.mark.slow, pytest.mark.short, pytest.mark.timeout(900)]

PLACE = ("main", "files", "report")
SECRET = "hunter2-of-the-store"


def test_a_put_writes_below_a_root_and_a_secret_arrives(small: Farm, builds: Builds) -> None:
    """The role has made /srv/ci; its owner lets the builds of one team write to a part of it."""
    host = small.fleet.hosts["w1"]
    host.run("mkdir --mode=2775 /srv/ci/main && chgrp pikoci-build-jobs /srv/ci/main && chmod g+s /srv/ci/main")
    client = builds.client
    client.pipelines.set("main", "files", Path(__file__).with_name("files.hcl").read_text(encoding="utf-8"))
    client.secrets.set("TOKEN", SECRET, "main", pipeline="files")

    number = str(client.builds.trigger(*PLACE, key="one")["number"])
    wait_for(lambda: client.builds.get(*PLACE, number)["finished_at"], "the build to end")
    ended = client.builds.get(*PLACE, number)

    assert (ended["status"], ended["worker"]) == ("succeeded", "w1-jobs"), ended["reason"]
    assert host.run("cat /srv/ci/main/reports/report.txt") == f"a token of {len(SECRET)} characters"
    assert not small.servers[0].succeeds(f"grep -rqF {SECRET} /var/lib/pikoci-server")
