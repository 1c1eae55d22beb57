"""A NATS elsewhere that wants credentials and client certificates, and has a certificate of a private authority."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet.builds import Builds
from tests.fleet.farm import Farm
from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.nats_accounts import Accounts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAMES = ["nats_creds", "queue_tls_certificate", "queue_tls_key"]
SERVICES = {"server": "pikoci-server.service", "worker": "pikoci-worker@all.service"}
STORE = "/usr/local/share/ca-certificates/pikoci"
CONFIGURATION = """\
listen: 0.0.0.0:4222
jetstream: {{ store_dir: /var/lib/nats }}
tls: {{ cert_file: {folder}/server.pem, key_file: {folder}/server.key, ca_file: {folder}/ca.pem, verify: true }}
{accounts}"""
WRITE = "install -D -o nats -g nats -m 0400 /dev/stdin {path}"


class Guarded(Farm):
    """A server with such a NATS beside it, and a worker; `accounts` makes credentials for it."""

    def __init__(self, fleet: Fleet) -> None:
        """Boot the hosts and set NATS up, without any role. Raises FleetError."""
        instance = {"name": "all", "drain_timeout": "1m"}
        super().__init__(
            fleet, {"pikoci_servers": ["ci1"], "pikoci_workers": ["w1"]}, pikoci_worker_instances=[instance]
        )
        self.accounts = Accounts()
        self.broker: Host = self.servers[0]
        self.credentials = fleet.folder / "user.creds"
        make_certificates(fleet.folder, self.broker.address)
        self._set_up_broker()
        self.renew()
        self.variables |= {
            "pikoci_queue_system": "nats",
            "pikoci_nats_server_url": f"tls://{self.broker.address}:4222",
            "pikoci_nats_creds": str(self.credentials),
            "pikoci_trusted_certificates": [str(fleet.folder / AUTHORITY)],
            "pikoci_queue_tls_certificate": str(fleet.folder / "client.pem"),
            "pikoci_queue_tls_key": str(fleet.folder / "client.key"),
        }

    def renew(self) -> None:
        """Write credentials of another user into the file, encrypted."""
        self.credentials.write_text(self.accounts.new_user())
        self.seed = self.credentials.read_text().splitlines()[5]
        self.secrets.encrypt(self.credentials)

    @property
    def hidden(self) -> list[str]:
        """What nobody may see: the seed, and a line of the key."""
        return [self.seed, (self.fleet.folder / "client.key").read_text().splitlines()[1]]

    def _set_up_broker(self) -> None:
        folder = "/etc/nats"
        self.broker.run("apt-get install -qq --yes nats-server && systemctl stop nats-server", timeout=120)
        for name in ("server.pem", "server.key", AUTHORITY):
            text = (self.fleet.folder / name).read_text()
            self.broker.run(WRITE.format(path=f"{folder}/{name}"), text=text)
        configuration = CONFIGURATION.format(folder=folder, accounts=self.accounts.configuration)
        self.broker.run(WRITE.format(path="/etc/nats-server.conf"), text=configuration)
        self.broker.run("install -d -o nats -g nats /var/lib/nats && systemctl start nats-server")


@pytest.fixture(scope="module")
def farm(able: None) -> Iterator[Guarded]:
    """The farm, after the first `site.yml` on bare hosts."""
    with Fleet() as fleet:
        made = Guarded(fleet)
        made.first = made.play("site.yml", "-vvv", "--diff")
        yield made


def test_the_services_show_their_credentials(builds: Builds) -> None:
    assert builds.run("short")["worker"] == "w1-all"


def test_nobody_else_sees_them(farm: Guarded) -> None:
    assert not [secret for secret in farm.hidden if secret in farm.first.output]

    for (role, service), host in zip(SERVICES.items(), farm.fleet.hosts.values(), strict=True):
        files = " ".join(f"/etc/pikoci/{role}.{name}" for name in NAMES)
        assert set(host.run(f"stat --format '%U %a' {files}").splitlines()) == {"root 600"}
        assert host.run(f"ls /run/credentials/{service}").split() == NAMES
        assert host.exposed(farm.hidden) == []


def test_other_credentials_restart_by_a_drain_and_the_same_do_not(farm: Guarded, builds: Builds) -> None:
    before = farm.processes()
    farm.renew()

    assert set(farm.play("site.yml", "--tags=configure,run", "--check", "--diff").changed()) == {"ci1", "w1"}
    assert farm.processes() == before
    farm.play("site.yml")
    after = farm.processes()

    assert {name.split()[1] for name in after if after[name] != before[name]} == set(SERVICES.values())
    assert builds.run("short")["attempt"] == 1
    assert farm.play("site.yml").changed() == {}
    assert farm.processes() == after


def test_uninstalling_takes_them_away(farm: Guarded) -> None:
    farm.play("uninstall.yml")

    for host in farm.fleet.hosts.values():
        assert host.run(f"ls -d /etc/pikoci {STORE} /etc/ssl/certs/pikoci-* 2>/dev/null || true") == ""
