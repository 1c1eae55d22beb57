"""The trust store of a host: certificates come, go, and leave others alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.roles import Roles, make_certificate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FOLDER = "/usr/local/share/ca-certificates/pikoci"
TRUSTED = "openssl verify -CApath /etc/ssl/certs"
LINKS = "ls /etc/ssl/certs; find /etc/ssl/certs -xtype l -printf 'dangling %p\\n'"


class Trusting(Roles):
    """A host with the role alone, and three certificates whose subjects are the same."""

    def __init__(self, fleet: Fleet) -> None:
        """Boot the host. Raises FleetError."""
        super().__init__(fleet, {"pikoci_trust": "host1"})
        self.machine: Host = self.host("pikoci_trust")
        self.before = self.machine.run(LINKS)
        self.certificates: list[Path] = []
        for name in ("first", "second", "third"):
            folder = fleet.folder / name
            folder.mkdir()
            self.certificates.append(make_certificate(folder, self.machine.address)[0])

    def trusts(self, certificate: Path) -> bool:
        """Whether the host's OpenSSL does, with all that uses its folder of certificates."""
        self.machine.run("cat >/root/shown.pem", text=certificate.read_text())
        return self.machine.succeeds(f"{TRUSTED} /root/shown.pem")


@pytest.fixture(scope="module")
def bare(able: None) -> Iterator[Trusting]:
    with Fleet() as fleet:
        yield Trusting(fleet)


@pytest.fixture(scope="module")
def trusting(bare: Trusting) -> Trusting:
    """The role played once, with a file of two certificates and one of a third."""
    first, second, third = bare.certificates
    bundle = bare.fleet.folder / "bundle.pem"
    bundle.write_text(f"One:\r\n{first.read_text()}\nAnother:\n{second.read_text()}")
    bare.variables["pikoci_trusted_certificates"] = [str(bundle), str(third)]

    assert set(bare.play("--check", "--diff").changed()) == {"host1"}
    assert bare.machine.run(LINKS) == bare.before
    bare.play()
    return bare


def test_the_host_trusts_each_certificate_of_each_file(trusting: Trusting) -> None:
    assert all(trusting.trusts(certificate) for certificate in trusting.certificates)
    assert trusting.play().changed() == {}


def test_what_leaves_the_list_is_trusted_no_longer(trusting: Trusting) -> None:
    first, second, third = trusting.certificates
    only = {"pikoci_trusted_certificates": [str(third)]}

    trusting.play(**only)

    assert [trusting.trusts(certificate) for certificate in (first, second, third)] == [False, False, True]


def test_a_run_that_was_cut_short_is_made_good(trusting: Trusting) -> None:
    trusting.machine.run(f"truncate -s 0 {FOLDER}/list; rm /etc/ssl/certs/pikoci-*")

    trusting.play()

    assert all(trusting.trusts(certificate) for certificate in trusting.certificates)


def test_files_that_hold_anything_else_are_refused_in_a_sentence(trusting: Trusting, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, trusting.machine.address)
    both = tmp_path / "both.pem"
    both.write_text(certificate.read_text() + key.read_text())
    damaged = tmp_path / "damaged.pem"
    damaged.write_text(certificate.read_text().replace("MII", "AAA", 1))
    missing = tmp_path / "missing.pem"
    sentences = {both: "holds a private key", missing: "is no file on the control machine", damaged: "holds a damaged"}

    refused = trusting.attempt(pikoci_trusted_certificates=[str(path) for path in sentences])

    said = " ".join(refused.output.split())
    assert refused.changed() == {}
    assert [path for path, part in sentences.items() if f"pikoci_trusted_certificates: {path} {part}" not in said] == []


def test_uninstalling_leaves_nothing(trusting: Trusting) -> None:
    trusting.play()
    trusting.uninstall()

    assert not any(trusting.trusts(certificate) for certificate in trusting.certificates)
    assert not trusting.machine.succeeds(f"ls -d {FOLDER}")
    assert trusting.machine.run(LINKS) == trusting.before
    assert trusting.uninstall().changed() == {}
