"""Two servers behind HAProxy with PostgreSQL, and RabbitMQ or Kafka between them and a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gevent
import pytest

from pikoci.pkg.client import ApiError
from pikoci.pkg.client.events import BuildEvent
from tests.fleet.builds import PIPELINE, TEAM, Builds, unharmed, wait_for
from tests.fleet.farm import Farm
from tests.fleet.fleet import Fleet
from tests.fleet.kafka import checksum, kafka_archive
from tests.fleet.recipes import recipe
from tests.fleet.roles import make_certificate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

IDLE_SECONDS = 20
PROMPT_SECONDS = 5
COMMANDS = "/api/v1/worker/commands"


@pytest.fixture(scope="module", params=["rabbitmq", "kafka"])
def farm(able: None, request: pytest.FixtureRequest) -> Iterator[Farm]:
    """The farm, after the first `site.yml` on bare hosts."""
    with Fleet() as fleet, pytest.MonkeyPatch.context() as patch:
        made = make(fleet, request.param)
        made.play("site.yml")
        trusted = fleet.folder / "proxy.pem"
        trusted.write_text(fleet.hosts["hub"].run("cat /etc/haproxy/pikoci.pem"))
        patch.setenv("SSL_CERT_FILE", str(trusted))
        yield made


def make(fleet: Fleet, broker: str) -> Farm:
    """Bare hosts: `hub` is to have all that is no server and no worker.

    With Kafka, proxy and broker have a given certificate; with RabbitMQ, the proxy makes its own.
    """
    groups = {"pikoci_servers": ["ci1", "ci2"], "pikoci_workers": ["w1"]}
    groups |= {f"pikoci_{name}": ["hub"] for name in ("postgresql", "proxy", broker)}
    farm = Farm(fleet, groups, pikoci_worker_instances=[{"name": "all", "concurrency": 4}])
    hub = fleet.hosts["hub"].address
    farm.url = f"https://{hub}"
    farm.variables |= {"pikoci_url": farm.url, "pikoci_proxy_idle_timeout": f"{IDLE_SECONDS}s"}
    if broker == "kafka":
        archive = kafka_archive()
        farm.variables |= {"pikoci_kafka_archive": str(archive), "pikoci_kafka_checksum": checksum(archive)}
        certificate, key = map(str, make_certificate(fleet.folder, hub))
        farm.variables |= {"pikoci_trusted_certificates": [certificate], "pikoci_queue_tls": True}
        farm.variables |= {"pikoci_proxy_certificate": certificate, "pikoci_proxy_key": key}
        farm.variables |= {"pikoci_kafka_tls_certificate": certificate, "pikoci_kafka_tls_key": key}
    return farm


def test_a_second_run_changes_nothing(farm: Farm) -> None:
    before = farm.processes()

    assert farm.play("site.yml").changed() == {}
    assert farm.processes() == before


def test_jobs_and_checks_run(builds: Builds) -> None:
    build = builds.run("short")
    checked = wait_for(lambda: list(builds.list("checked")), "a check to start a build")[-1]

    assert build["worker"] == "w1-all"
    assert builds.wait("checked", checked["number"], "succeeded")["worker"] == "w1-all"


def test_a_large_artifact_goes_through_the_proxy(builds: Builds) -> None:
    packed = builds.run("pack")
    unpacked = wait_for(lambda: list(builds.list("unpack")), "the artifact to start a build")[0]
    builds.wait("unpack", unpacked["number"], "succeeded")

    digests = [builds.log(job, build["number"]).split()[0] for job, build in (("pack", packed), ("unpack", unpacked))]
    assert digests[0] == digests[1]


def test_what_is_live_outlasts_the_proxys_patience_and_a_build_is_cancelled_at_once(farm: Farm, builds: Builds) -> None:
    number = builds.start("held")
    builds.wait("held", number, "started")
    ended = _ended_streams(farm)
    begun = time.monotonic()
    events: list[BuildEvent] = []
    reader = gevent.spawn(lambda: events.extend(builds.client.builds.follow(TEAM, PIPELINE, "held", number)))

    wait_for(lambda: time.monotonic() > begun + IDLE_SECONDS + 1, "the proxy's patience to end")
    assert any(event.log for event in events)
    assert _ended_streams(farm) == ended

    builds.client.builds.cancel(TEAM, PIPELINE, "held", number)
    builds.wait("held", number, "cancelled", timeout=PROMPT_SECONDS)
    reader.get(timeout=PROMPT_SECONDS)
    assert (events[-1].kind, events[-1].data["status"]) == ("end", "cancelled")
    wait_for(lambda: len(_ended_streams(farm)) > len(ended), "the proxy to say that the log's stream has ended")


def test_an_upgrade_trusts_the_proxy(farm: Farm, builds: Builds) -> None:
    farm.variables |= farm.release(1)

    farm.play("upgrade.yml")

    assert builds.workers()["w1-all"]["version"] == farm.release(1)["pikoci_version"]
    command = f"/opt/pikoci/current/bin/pikoci client version --url {farm.url}"
    assert farm.release(1)["pikoci_version"] in farm.workers[0].run(command)


@pytest.mark.parametrize("name", ["ci1", "ci2"])
def test_builds_go_on_while_a_server_is_away(farm: Farm, builds: Builds, name: str) -> None:
    server = farm.fleet.hosts[name]

    with unharmed(builds, f"without {name}") as started:
        server.run("systemctl stop pikoci-server.service")
        wait_for(lambda: len(started.numbers) > 10, "builds to be started meanwhile")
        server.run("systemctl start pikoci-server.service")


@pytest.mark.parametrize("farm", ["rabbitmq"], indirect=True)  # the broker has no part in it
def test_the_database_is_as_it_was_at_the_time_of_the_backup(farm: Farm, builds: Builds) -> None:
    hub = farm.fleet.hosts["hub"]
    backup, restore = recipe("Back up and restore")[2:]
    kept = builds.run("short")
    hub.run_as_admin(backup)
    assert hub.run("stat --format=%a:%U /var/lib/postgresql/pikoci.dump") == "600:postgres\n"
    later = builds.run("short")
    hub.run("runuser -u postgres -- psql --dbname=pikoci --command='CREATE TABLE newer (number integer)'")

    for server in farm.servers:
        server.run("systemctl stop pikoci-server")
    hub.run_as_admin(restore)
    for server in farm.servers:
        server.run("systemctl start pikoci-server")

    assert builds.get("short", kept["number"]) == kept
    with pytest.raises(ApiError, match="no build"):
        builds.get("short", later["number"])
    assert "newer" not in hub.run("runuser -u postgres -- psql --dbname=pikoci --command='\\dt'")
    builds.run("short")


def test_a_reboot_of_all_brings_all_back(farm: Farm, builds: Builds) -> None:
    services = set(farm.processes())

    for host in farm.fleet.hosts.values():
        host.reboot()

    assert set(farm.processes()) >= services
    assert builds.run("short")["worker"] == "w1-all"


def _ended_streams(farm: Farm) -> list[str]:
    """What the proxy says of streams, of logs and of commands, once they have ended."""
    requests = farm.fleet.hosts["hub"].journal("haproxy").splitlines()
    return [line for line in requests if " GET " in line and line.endswith((COMMANDS, "/events"))]
