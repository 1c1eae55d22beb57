"""Two servers behind HAProxy with PostgreSQL, and RabbitMQ or Kafka between them and a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.builds import Builds, stream, wait_for
from tests.fleet.farm import Farm
from tests.fleet.fleet import Fleet
from tests.fleet.kafka import checksum, kafka_archive
from tests.fleet.machine import call

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TRUSTED = "/etc/ssl/certs/fleet.pem"


@pytest.fixture(scope="module", params=["rabbitmq", "kafka"])
def farm(able: None, request: pytest.FixtureRequest) -> Iterator[Farm]:
    """The farm, after the first `site.yml` on bare hosts."""
    with Fleet() as fleet, pytest.MonkeyPatch.context() as patch:
        made = make(fleet, request.param)
        patch.setenv("SSL_CERT_FILE", str(fleet.folder / "proxy.pem"))
        made.play("site.yml")
        yield made


@pytest.fixture
def builds(farm: Farm) -> Iterator[Builds]:
    """A user of the farm."""
    with farm.builds() as user:
        yield user


def make(fleet: Fleet, broker: str) -> Farm:
    """Bare hosts: `hub` is to have all that is no server and no worker."""
    groups = {"pikoci_servers": ["ci1", "ci2"], "pikoci_workers": ["w1"]}
    groups |= {f"pikoci_{name}": ["hub"] for name in ("postgresql", "proxy", broker)}
    instance = {"name": "all", "concurrency": 4, "environment": {"SSL_CERT_FILE": TRUSTED}}
    farm = Farm(fleet, groups, pikoci_worker_instances=[instance])
    hub = fleet.hosts["hub"].address
    certificate, key = _certificate(fleet.folder, hub)
    fleet.hosts["w1"].run(f"cat >{TRUSTED}", text=certificate.read_text())
    farm.url = f"https://{hub}"
    farm.variables |= {"pikoci_url": farm.url}
    farm.variables |= {"pikoci_proxy_certificate": str(certificate), "pikoci_proxy_key": str(key)}
    if broker == "kafka":
        archive = kafka_archive()
        farm.variables |= {"pikoci_kafka_archive": str(archive), "pikoci_kafka_checksum": checksum(archive)}
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


@pytest.mark.parametrize("name", ["ci1", "ci2"])
def test_builds_go_on_while_a_server_is_away(farm: Farm, builds: Builds, name: str) -> None:
    server = farm.fleet.hosts[name]

    with stream(builds, "short") as started:
        server.run("systemctl stop pikoci-server.service")
        wait_for(lambda: len(started.numbers) > 10, "builds to be started meanwhile")
        server.run("systemctl start pikoci-server.service")

    started.assert_each_ran_once()


def test_a_reboot_of_all_brings_all_back(farm: Farm, builds: Builds) -> None:
    services = set(farm.processes())

    for host in farm.fleet.hosts.values():
        host.reboot()

    assert set(farm.processes()) >= services
    assert builds.run("short")["worker"] == "w1-all"


def _certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """A certificate for the address that vouches for itself, and its key."""
    certificate, key = folder / "proxy.pem", folder / "proxy.key"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=fleet", "-addext", f"subjectAltName=IP:{address}"]
    call(["openssl", "req", *kind, *names, "-keyout", key, "-out", certificate])
    return certificate, key
