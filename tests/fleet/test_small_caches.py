"""Copies of git repositories that no build has used for long go; others stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pikoci.pkg.client import Client
from tests.fleet.builds import TEAM, Builds, wait_for
from tests.fleet.farm import Farm
from tests.fleet.roles import own_address
from tests.fleet.served import Served, make_repository

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CACHE = "/var/lib/pikoci-worker/jobs/work/cache/git"
PIPELINE = """
resource "git" "source" {{
  params {{
    url = "http://{address}/files/pikoci.git"
  }}
}}

job "pull" {{
  tags = ["w1"]
  get "git" "source" {{}}
  task "look" {{
    run "shell" {{
      cmd = "test -e source/setup.py"
    }}
  }}
}}
"""


@pytest.fixture
def client(small: Farm, builds: Builds) -> Iterator[Client]:
    """A user who has set the pipeline, whose repository has been looked at."""
    folder = small.fleet.folder / "repositories"
    folder.mkdir()
    make_repository(folder / "pikoci.git", "")
    user = builds.client
    with Served(own_address(small.fleet), folder) as served:
        user.pipelines.set(TEAM, "cached", PIPELINE.format(address=served.address))
        user.resources.check(TEAM, "cached", "git.source")
        wait_for(lambda: list(user.resources.versions(TEAM, "cached", "git.source")), "the check to find the commit")
        yield user
        user.pipelines.delete(TEAM, "cached")


def test_an_old_copy_goes_and_one_that_is_new_or_in_use_stays(small: Farm, client: Client) -> None:
    host = small.fleet.hosts["w1"]

    def pull() -> str:
        number = str(client.builds.trigger(TEAM, "cached", "pull")["number"])
        wait_for(lambda: client.builds.get(TEAM, "cached", "pull", number)["status"] == "succeeded", "the build to end")
        (fetched,) = host.run(f"ls {CACHE}/*/FETCH_HEAD").split()
        return fetched.removesuffix("/FETCH_HEAD")

    def is_kept() -> bool:
        host.run("systemctl start pikoci-worker-clean.service")
        return host.succeeds(f"test -e {copy}/HEAD")

    assert host.unit("pikoci-worker-clean.timer", "ActiveState", "UnitFileState") == {
        "ActiveState": "active",
        "UnitFileState": "enabled",
    }
    copy = pull()
    assert is_kept()

    host.run(f"touch -d '31 days ago' {copy}/FETCH_HEAD")
    host.run(f"systemd-run --quiet --unit=user flock {copy}.lock sleep infinity")
    host.wait_for(lambda: not host.succeeds(f"flock --nonblock {copy}.lock true"), "the copy to be in use")
    assert is_kept()

    host.run("systemctl stop user")
    assert not is_kept()
    assert pull() == copy
