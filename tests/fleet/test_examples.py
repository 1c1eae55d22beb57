"""The example for many machines, filled in as docs/fleet.md says: each component on a host, workers with tags."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
import yaml

from tests.fleet.ansible import PLAYBOOKS, play
from tests.fleet.builds import Builds, unharmed
from tests.fleet.farm import USER, Secrets
from tests.fleet.fleet import Fleet
from tests.fleet.wheels import built_wheels, version_of, wheelhouse
from tests.unit.docs.markdown import ROOT, blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

LARGE = PLAYBOOKS / "inventories" / "large"
HOSTS = ["proxy1", "ci1", "ci2", "db1", "mq1", "build01", "build40", "check01"]
#: What somebody with these hosts changes in the example.
CHANGES = {
    "build[01:40]:": "build01:\n        build40:",
    "check[01:02]:": "check01:",
    "{{ inventory_hostname }}.farm.example.com": "{{ addresses[inventory_hostname] | default(inventory_hostname) }}",
}


class Example:
    """Hosts, the inventory that names them, and what is read of it."""

    def __init__(self, fleet: Fleet) -> None:
        """Boot the hosts and fill the example in."""
        self.fleet = fleet
        addresses = {host.name: host.address for host in fleet.add(*HOSTS)}
        self.url = f"https://{addresses['proxy1']}"
        self.wheels = built_wheels()
        folder = fleet.folder / "farm"
        shutil.copytree(LARGE, folder)
        for file in (path for path in folder.rglob("*.yml") if path.name != "vault.yml"):
            text = file.read_text(encoding="utf-8").replace("ci.example.com", addresses["proxy1"])
            for example, own in CHANGES.items():
                text = text.replace(example, own)
            file.write_text(text, encoding="utf-8")
        self.wanted = yaml.safe_load((folder / "group_vars/all/vault.yml").read_text(encoding="utf-8"))
        self.secrets = Secrets(folder)
        self.inventory = folder / "hosts.yml"
        self._variables = {**fleet.ssh.variables(), "addresses": addresses}
        self.choose(0)

    def choose(self, number: int) -> str:
        """Let the inventory say the older (0) or newer (1) version; its name."""
        wheel = self.wheels[number]
        chosen = {"pikoci_version": version_of(wheel), "pikoci_install_wheel": str(wheel)}
        source = {"pikoci_install_source": "wheel", "pikoci_install_wheelhouse": str(wheelhouse())}
        own = self.inventory.parent / "group_vars" / "all" / "own.yml"
        own.write_text(yaml.safe_dump({**self._variables, **source, **chosen}), encoding="utf-8")
        return chosen["pikoci_version"]


@pytest.fixture(scope="module")
def example(able: None) -> Iterator[Example]:
    """The farm after the first `site.yml`; the proxy made its certificate itself."""
    with Fleet() as fleet, pytest.MonkeyPatch.context() as patch:
        made = Example(fleet)
        play("site.yml", made.inventory)
        certificate = fleet.folder / "proxy.pem"
        certificate.write_text(fleet.hosts["proxy1"].run("cat /etc/haproxy/pikoci.pem"))
        patch.setenv("SSL_CERT_FILE", str(certificate))
        yield made


@pytest.fixture
def builds(example: Example) -> Iterator[Builds]:
    """A user of the farm."""
    with Builds(example.url).log_in(USER, example.secrets.password) as user:
        yield user


def test_the_vault_asks_for_all_that_is_needed(example: Example) -> None:
    assert set(example.wanted) == set(example.secrets.variables)


def test_a_second_run_changes_nothing(example: Example) -> None:
    assert play("site.yml", example.inventory).changed() == {}


def test_the_workers_are_what_the_example_says(builds: Builds) -> None:
    shown = {
        name: (worker["queues"], worker["concurrency"], worker["tags"]) for name, worker in builds.workers().items()
    }

    assert shown == {
        "build01-jobs": (["jobs"], 8, []),
        "build40-gpu": (["jobs.gpu"], 1, ["gpu"]),
        "build40-jobs": (["jobs"], 4, []),
        "check01-checks": (["checks"], 64, []),
    }


def test_the_documented_play_sets_a_pipeline(example: Example) -> None:
    (text,) = [block.text for block in blocks(ROOT / "docs" / "fleet.md", "yaml") if "play" in block.marks]
    file = example.fleet.folder / "pipeline.yml"
    file.write_text(text.replace("http://192.0.2.10:8080", example.url), encoding="utf-8")
    shutil.copy(ROOT / "configs" / "pipelines" / "hello.hcl", example.fleet.folder)

    assert play(str(file), example.inventory).changed() == {"localhost": 1}
    assert play(str(file), example.inventory, "--check", "--diff").changed() == {}


def test_jobs_run_where_their_tags_say(builds: Builds) -> None:
    tagged, plain = builds.run("on-gpu"), builds.run("short")

    assert tagged["worker"] == "build40-gpu"
    assert plain["worker"] in {"build01-jobs", "build40-jobs"}


def test_no_build_is_lost_cancelled_or_run_twice_by_an_upgrade(example: Example, builds: Builds) -> None:
    newer = example.choose(1)

    with unharmed(builds, "upgrade.yml"):
        play("upgrade.yml", example.inventory)

    assert {worker["version"] for worker in builds.workers().values()} == {newer}
