"""A server with an embedded worker and SQLite on a single machine: set up, used, upgraded, and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import pytest
import yaml

from tests.fleet.ansible import PLAYBOOKS
from tests.fleet.builds import Builds, unharmed, wait_for
from tests.fleet.farm import Farm
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.recipes import recipe
from tests.fleet.wheels import build_wheel, version_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EXAMPLE = PLAYBOOKS / "inventories" / "one-machine" / "group_vars" / "all" / "fleet.yml"
SERVER = "pikoci-server.service"
WORKER = "embedded-ci1-8080"
MIGRATION = "internal/store/migrations/9999_later.sqlite.sql"


@pytest.fixture(scope="module")
def bare(able: None) -> Iterator[Farm]:
    """A bare host, and the variables of the example."""
    example = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    settings = {name: value for name, value in example.items() if name not in {"pikoci_url", "pikoci_version"}}
    with Fleet() as fleet:
        yield Farm(fleet, {"pikoci_servers": ["ci1"]}, **settings)


@pytest.fixture(scope="module")
def farm(bare: Farm) -> Farm:
    """The farm, after the first `site.yml`."""
    bare.play("site.yml")
    return bare


@pytest.fixture(scope="module")
def host(bare: Farm) -> Host:
    (host,) = bare.servers
    return host


def test_a_check_of_a_bare_host_changes_nothing(bare: Farm, host: Host) -> None:
    checked = bare.play("site.yml", "--check", "--diff")

    assert set(checked.changed()) == {"ci1"}
    assert host.run("ls -d /etc/pikoci /opt/pikoci /var/lib/pikoci-* 2>/dev/null || true") == ""
    assert not host.succeeds(f"systemctl cat {SERVER} || getent passwd pikoci-server")


def test_a_second_run_changes_nothing(farm: Farm) -> None:
    before = farm.processes()

    assert farm.play("site.yml").changed() == {}
    assert farm.processes() == before


def test_jobs_and_checks_run(builds: Builds) -> None:
    assert builds.run("short")["worker"] == WORKER
    checked = wait_for(lambda: list(builds.list("checked")), "a check to start a build")[-1]
    builds.wait("checked", checked["number"], "succeeded")


def test_a_reload_lets_the_build_finish_and_the_server_comes_back(farm: Farm, host: Host, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    process = host.unit(SERVER, "MainPID")

    reload = gevent.spawn(host.run, f"systemctl reload {SERVER}", timeout=300)  # it takes as long as the drain
    wait_for(lambda: builds.workers()[WORKER]["state"] == "draining", "the embedded worker to drain")
    assert builds.get("held", held["number"])["status"] == "started"
    assert host.unit(SERVER, "MainPID") == process

    farm.release_builds()
    reload.get()
    ended = builds.wait("held", held["number"], "succeeded")
    assert ended["attempt"] == 1
    assert builds.run("short")["worker"] == WORKER
    assert host.unit(SERVER, "MainPID") != process


def test_a_reboot_brings_all_back(host: Host, builds: Builds) -> None:
    host.reboot()

    assert builds.run("short")["worker"] == WORKER
    assert host.run("systemctl --failed --no-legend") == ""


@pytest.mark.parametrize(("playbook", "release"), [("upgrade.yml", 1), ("rollback.yml", 0)])
def test_a_check_tells_and_then_no_build_is_lost(
    farm: Farm, host: Host, builds: Builds, playbook: str, release: int
) -> None:
    farm.variables |= farm.release(release)
    version = farm.variables["pikoci_version"]
    before = _state(farm, host, builds)

    checked = farm.play(playbook, "--check", "--diff")
    assert version in checked.output
    assert checked.recap["ci1"]["changed"] > 2
    assert _state(farm, host, builds) == before

    with unharmed(builds, playbook):
        farm.play(playbook)
    assert _versions(builds) == {version}
    assert builds.workers()[WORKER]["wanted"] == ""


def test_there_is_no_way_back_from_a_schema_without_a_backup(farm: Farm, host: Host, builds: Builds) -> None:
    builds.run("short")
    ran = len(list(builds.list("short")))
    later = build_wheel(farm.fleet.folder, ".post2", added={MIGRATION: "CREATE TABLE later (id INTEGER);\n"})
    older, newer = farm.release(0), {"pikoci_version": version_of(later), "pikoci_install_wheel": str(later)}
    backup, restore = recipe("Back up and restore")[:2]
    host.run_as_admin(backup)
    farm.variables |= newer
    farm.play("upgrade.yml")
    builds.run("short")
    farm.variables |= older
    before = _state(farm, host, builds)

    refused = farm.attempt("rollback.yml")
    said = " ".join(refused.output.split())
    assert f"Version {older['pikoci_version']} does not know the database's migration 9999_later" in said
    assert "pikoci_upgrade_database_restored=true" in said
    assert refused.changed() == {}
    assert _state(farm, host, builds) == before

    running = farm.attempt("rollback.yml", "--extra-vars", "pikoci_upgrade_database_restored=true")
    said = " ".join(running.output.split())
    assert "pikoci_upgrade_database_restored is true, but the server on ci1 runs" in said
    assert _state(farm, host, builds) == before

    host.run_as_admin(restore.rpartition("sudo systemctl start")[0])
    farm.play("rollback.yml", "--extra-vars", "pikoci_upgrade_database_restored=true")
    assert _versions(builds) == {older["pikoci_version"]}
    assert len(list(builds.list("short"))) == ran
    assert builds.run("short")["worker"] == WORKER
    assert farm.play("site.yml").changed() == {}


def _state(farm: Farm, host: Host, builds: Builds) -> tuple[object, ...]:
    """All that a check must leave alone: processes, links, versions on disk and what workers are asked to be."""
    versions = host.run("ls -l --time-style=full-iso /opt/pikoci /opt/pikoci/versions /etc/pikoci")
    cordons = {name: worker["wanted"] for name, worker in builds.workers().items()}
    return farm.processes(), versions, cordons


def _versions(builds: Builds) -> set[str]:
    """The versions of the server and its worker."""
    return {builds.client.version(), builds.workers()[WORKER]["version"]}
