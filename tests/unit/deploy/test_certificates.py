"""Certificates that the control machine takes out of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from tests.services.certificates import AUTHORITY, make_certificates
from tests.unit.deploy.collection import plugin

filters = plugin("filter", "pikoci_certificates").FilterModule().filters()
certificates, fault = filters["pikoci_certificates"], filters["pikoci_certificate_fault"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certificates")
    make_certificates(path)
    return path


def test_each_certificate_of_a_bundle_is_taken_out(folder: Path) -> None:
    texts = [(folder / name).read_text() for name in (AUTHORITY, "server.pem")]

    assert certificates("Bag\n" + "\nsubject=/CN=server\n".join(texts)) == texts
    assert certificates(texts[0].replace("\n", "\r\n")) == texts[:1]


@pytest.mark.parametrize("name", ["server.key", AUTHORITY])
def test_a_private_key_is_refused_wherever_it_stands_and_not_shown(folder: Path, name: str) -> None:
    key = (folder / "server.key").read_text()

    with pytest.raises(AnsibleFilterError, match="holds a private key") as refused:
        certificates((folder / name).read_text() + key)
    assert key.splitlines()[1] not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no certificate in PEM form"),
        ("-----BEGIN CERTIFICATE-----\ntruncated", "holds no certificate in PEM form"),
        ("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "holds more than certificates (X509 CRL)"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds a damaged certificate"),
        ("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n", "holds a damaged certificate"),
    ],
)
def test_anything_else_is_named(text: str, said: str) -> None:
    assert fault(text).startswith(said)


def test_certificates_have_no_fault(folder: Path) -> None:
    assert fault((folder / AUTHORITY).read_text()) == ""
