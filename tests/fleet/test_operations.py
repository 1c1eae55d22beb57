"""A farm in service, as `docs/fleet.md` tells how to run it; each test goes on from what was left before it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import gevent
import httpx
import pytest

from pikoci.pkg.client import ApiError, Client
from pikoci.pkg.client.fleet import token_id_of
from tests.fleet.ansible import PROGRAM
from tests.fleet.builds import TEAM, Builds, is_run_by, unharmed, wait_for
from tests.fleet.farm import USER, Farm, new_secret, small_farm
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.recipes import recipe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SERVER = "pikoci-server.service"
OUTDATED = "signed with a previous secret"
SPARE = "/srv/spare"
SERIAL_2 = "{{ pikoci_jwt_secret | pikoci.fleet.pikoci_worker_token(serial=2) }}"
FILES = r"find / \( -path /proc -o -path /sys -o -path /dev \) -prune -o -name '*pikoci*' -print"
UNITS = "systemctl list-units --all --plain --no-legend '*pikoci*'; systemctl list-unit-files --no-legend '*pikoci*'"
USERS = "getent passwd | grep pikoci; getent group | grep pikoci; true"


@pytest.fixture(scope="module")
def farm(able: None) -> Iterator[Farm]:
    """The small farm with another worker on each host, after the first `site.yml`."""
    with Fleet() as fleet:
        made = small_farm(fleet)
        spare = {"name": "spare", "queues": "jobs", "tags": ["spare"], "exclusive_tags": True, "workdir": SPARE}
        made.variables["pikoci_worker_instances"].append(spare)
        made.play("site.yml")
        yield made


def test_a_drain_wants_to_be_told_which_hosts(farm: Farm) -> None:
    refused = farm.attempt("drain.yml")

    assert refused.status != 0
    assert "Name the hosts with --limit" in " ".join(refused.output.split())
    assert refused.changed() == {}


def test_a_drained_host_is_left_alone_until_it_is_wanted_back(farm: Farm, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    worker = held["worker"]
    host = farm.fleet.hosts[worker.removesuffix("-jobs")]
    here = ("drain.yml", "--limit", host.name)

    late = farm.attempt(*here, "--extra-vars", "pikoci_upgrade_drain_timeout=3s")
    assert late.status != 0
    said = " ".join(late.output.split())
    assert f"{host.name} stays cordoned, and is not drained after 3 s: {worker}" in said
    assert f"runs held #{held['number']}; wait longer with pikoci_upgrade_drain_timeout, or cancel the builds" in said

    drain = gevent.spawn(farm.play, *here)
    assert {builds.run("short")["worker"] for _ in range(6)} == {_other(worker)}
    assert not drain.ready()
    farm.release_builds()
    drain.get()
    ended = builds.wait("held", held["number"], "succeeded")
    assert (ended["worker"], ended["attempt"]) == (worker, 1)

    since = builds.workers()[worker]["registered_at"]
    host.reboot()
    wait_for(lambda: builds.workers()[worker]["registered_at"] != since, f"{worker} to be back")
    states = {name: one["state"] for name, one in builds.workers().items() if name.startswith(host.name)}
    assert set(states.values()) == {"cordoned"}
    waiting = builds.start(f"on-{host.name}")
    assert builds.run("short")["worker"] == _other(worker)
    assert builds.get(f"on-{host.name}", waiting)["status"] == "pending"

    farm.play(*here, "--extra-vars", "pikoci_upgrade_drain_state=uncordoned")
    assert builds.wait(f"on-{host.name}", waiting, "succeeded")["worker"] == worker


def test_a_new_host_joins_and_an_entry_that_is_gone_drains(farm: Farm, builds: Builds) -> None:
    held = builds.wait("held-spare", builds.start("held-spare"), "started")
    before = farm.processes()
    farm.fleet.add("w3")
    farm.groups["pikoci_workers"].append("w3")
    farm.variables["pikoci_worker_instances"].pop()

    play = gevent.spawn(farm.play, "site.yml")
    wait_for(lambda: builds.workers()[held["worker"]]["state"] == "draining", f"{held['worker']} to drain", 300)
    farm.release_builds()
    play.get()

    ended = builds.wait("held-spare", held["number"], "succeeded")
    assert (ended["worker"], ended["attempt"]) == (held["worker"], 1)
    after = farm.processes()
    gone = {f"{name} pikoci-worker@spare.service" for name in ("w1", "w2")}
    assert {service: process for service, process in before.items() if service not in gone}.items() <= after.items()
    assert not gone & after.keys()
    for host in farm.workers:
        assert host.run("find /etc /run /srv /var/lib/pikoci-worker -name '*spare*'") == "", host.name
    wait_for(lambda: builds.run("short")["worker"] == "w3-jobs", "a build on w3")


def test_nothing_is_left_of_a_removed_host(farm: Farm, builds: Builds) -> None:
    farm.play("drain.yml", "--limit", "w3")
    farm.play("uninstall.yml", "--limit", "w3")
    for worker in ("w1-spare", "w2-spare", "w3-jobs", "w3-checks"):
        _client(farm, "workers", "delete", worker)

    assert _left(farm.fleet.hosts["w3"]) == ""
    assert {name.partition("-")[0] for name in builds.workers()} == {"w1", "w2"}
    farm.fleet.destroy("w3")
    farm.groups["pikoci_workers"].remove("w3")


def test_another_jwt_secret_reaches_all_while_builds_keep_coming(farm: Farm, builds: Builds) -> None:
    old, new = farm.secrets.jwt, new_secret()
    session = builds.client.login(USER, farm.secrets.password)
    token = _token(farm)

    with unharmed(builds, "another JWT secret", seconds=1):
        farm.secrets.change(pikoci_jwt_secret=old, pikoci_jwt_secret_previous=[new])
        farm.play("site.yml", "--tags", "server")
        farm.secrets.change(pikoci_jwt_secret=new, pikoci_jwt_secret_previous=[old])
        farm.play("site.yml")
        builds.client.login(USER, farm.secrets.password)
        assert OUTDATED not in _log_after_reload(farm, builds)
        assert _is_taken(farm, token)
        assert OUTDATED in farm.servers[0].journal(SERVER)
        farm.secrets.change(pikoci_jwt_secret_previous=[])
        farm.play("site.yml")

    assert not _is_taken(farm, token)
    with Client(farm.url, session) as outdated, pytest.raises(ApiError) as refused:
        outdated.profile()
    assert refused.value.status == 401
    assert _states(builds) == {"running"}


def test_another_workers_token_takes_the_place_of_one_that_is_revoked(farm: Farm, builds: Builds) -> None:
    old = _token(farm)
    assert token_id_of(old) in _client(farm, "worker-tokens", "list")
    farm.variables["pikoci_worker_token"] = SERIAL_2

    with unharmed(builds, "another workers' token", seconds=1):
        farm.play("site.yml", "--tags", "worker")
        assert _is_taken(farm, old)
        _client(farm, "worker-tokens", "revoke", token_id_of(old))
        assert not _is_taken(farm, old)
        for name in ("w1", "w2"):
            assert builds.run(f"on-{name}")["worker"] == f"{name}-jobs"

    assert _is_taken(farm, _token(farm))
    assert _states(builds) == {"running"}


def test_another_password_of_the_broker_loses_nothing(farm: Farm, builds: Builds) -> None:
    farm.secrets.change(pikoci_queue_password=new_secret())

    with unharmed(builds, "another password of the broker", seconds=1):
        farm.play("site.yml")


def test_the_database_is_as_it_was_at_the_time_of_the_backup(farm: Farm, builds: Builds) -> None:
    backup, restore = recipe("Back up and restore")[:2]
    kept = builds.run("short")
    farm.servers[0].run_as_admin(backup)
    assert farm.servers[0].run("stat --format=%a:%U /var/lib/pikoci-server/backup.db") == "600:pikoci-server\n"
    later = builds.run("short")
    builds.client.pipelines.set(TEAM, "later", 'job "none" {}')
    held = builds.wait("held", builds.start("held"), "started")
    host = farm.fleet.hosts[held["worker"].removesuffix("-jobs")]
    wait_for(lambda: is_run_by(host, held), "the build's processes")

    farm.servers[0].run_as_admin(restore)

    assert builds.get("short", kept["number"]) == kept
    for missing in (("short", later["number"]), ("held", held["number"])):
        with pytest.raises(ApiError, match="no build"):
            builds.get(*missing)
    assert [one["name"] for one in builds.client.pipelines.list(TEAM)] == ["farm"]
    wait_for(lambda: not is_run_by(host, held), "the build that nobody knows to be stopped")
    for name in ("w1", "w2"):
        assert builds.run(f"on-{name}")["worker"] == f"{name}-jobs"


def test_another_broker_takes_over(farm: Farm, builds: Builds) -> None:
    held = builds.wait("held", builds.start("held"), "started")
    farm.groups["pikoci_rabbitmq"] = ["ci1"]
    farm.variables["pikoci_queue_system"] = "rabbit"

    with unharmed(builds, "another broker", seconds=1):
        play = gevent.spawn(farm.play, "site.yml")
        wait_for(lambda: builds.workers()[held["worker"]]["state"] == "draining", f"{held['worker']} to drain", 300)
        farm.release_builds()
        play.get()
        farm.play("uninstall.yml", "--tags", "nats", "--extra-vars", "pikoci_nats_remove_data=true")

    ended = builds.wait("held", held["number"], "succeeded")
    assert (ended["worker"], ended["attempt"]) == (held["worker"], 1)
    assert not farm.servers[0].succeeds("systemctl cat nats-server")
    del farm.groups["pikoci_nats"], farm.variables["pikoci_queue_system"]
    assert farm.play("site.yml", "--check").changed() == {}


def test_the_whole_farm_goes_and_leaves_its_data_unless_told_otherwise(farm: Farm) -> None:
    farm.play("uninstall.yml")

    server = farm.servers[0]
    assert farm.processes() == {}
    assert server.run("ls -d /opt/pikoci /etc/pikoci 2>/dev/null || true") == ""
    assert server.succeeds("test -s /var/lib/pikoci-server/pikoci.db -a -d /var/lib/rabbitmq/mnesia")

    farm.variables |= {"pikoci_server_remove_data": True, "pikoci_rabbitmq_remove_data": True}
    farm.play("uninstall.yml")

    assert {host.name: _left(host) for host in farm.fleet.hosts.values()} == {"ci1": "", "w1": "", "w2": ""}
    assert server.run("ls -d /etc/rabbitmq /var/lib/rabbitmq /var/log/rabbitmq 2>/dev/null || true") == ""
    assert farm.play("uninstall.yml").changed() == {}


def _other(worker: str) -> str:
    return {"w1-jobs": "w2-jobs", "w2-jobs": "w1-jobs"}[worker]


def _states(builds: Builds) -> set[str]:
    return {worker["state"] for worker in builds.workers().values()}


def _client(farm: Farm, *arguments: str) -> str:
    """What `pikoci client` prints for an administrator. Raises CalledProcessError."""
    with Client(farm.url) as client:
        login = {"PIKOCI_URL": farm.url, "PIKOCI_TOKEN": client.login(USER, farm.secrets.password)}
    command = [str(PROGRAM.with_name("pikoci")), "client", *arguments]
    return subprocess.run(command, env={**os.environ, **login}, stdout=subprocess.PIPE, text=True, check=True).stdout


def _log_after_reload(farm: Farm, builds: Builds) -> str:
    """What a new process of the server has logged once all workers have talked to it."""
    server = farm.servers[0]
    since = datetime.now(UTC)
    ended = [server.unit(SERVER, "MainPID"), {"MainPID": "0"}]
    server.run(f"systemctl reload {SERVER}")
    wait_for(lambda: server.unit(SERVER, "MainPID") not in ended, "the server's new process")
    seen = datetime.now(UTC).isoformat()
    wait_for(lambda: all(one["last_seen_at"] > seen for one in builds.workers().values()), "the workers' heartbeats")
    return server.journal(SERVER, f"--since=@{since.timestamp():.6f}")


def _token(farm: Farm) -> str:
    """The token that the workers have."""
    return farm.workers[0].run("sed -n 's/^WORKER_TOKEN=//p' /etc/pikoci/worker.secrets.env").strip('"\n')


def _is_taken(farm: Farm, token: str) -> bool:
    """Whether the server takes a worker's token."""
    bearer = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{farm.url}/api/v1/worker/heartbeat", headers=bearer).status_code != 401


def _left(host: Host) -> str:
    """What is still there of PikoCI: files, units and users."""
    return host.run(f"{FILES}; {UNITS}; {USERS}")
