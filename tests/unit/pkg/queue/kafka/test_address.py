"""What is wrong with a setting for Kafka is named, and a password is never shown."""

import logging
from pathlib import Path

import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueSettings
from pikoci.pkg.queue.kafka.address import read_address


def test_several_brokers_get_the_port_that_is_usual() -> None:
    address = read_address(QueueSettings(kafka_brokers="one, two:9093,[::1]:9094"))
    assert address.name == "one:9092,two:9093,[::1]:9094"
    assert address.options["bootstrap_servers"] == ["one:9092", "two:9093", "[::1]:9094"]
    assert address.options["security_protocol"] == "PLAINTEXT"


@pytest.mark.parametrize("brokers", ["", " , ", "host:0", "host:70000", "host:x", "kafka://host", "a b"])
def test_what_is_no_list_of_brokers_is_refused(brokers: str) -> None:
    with pytest.raises(QueueConfigurationError, match="KAFKA_BROKERS"):
        read_address(QueueSettings(kafka_brokers=brokers))


def test_a_password_in_the_address_is_refused_without_showing_it() -> None:
    with pytest.raises(QueueConfigurationError, match="settings of their own") as caught:
        read_address(QueueSettings(kafka_brokers="user:hidden@host:9092"))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(("tls", "protocol"), [(False, "SASL_PLAINTEXT"), (True, "SASL_SSL")])
def test_a_login_is_never_shown(tls: bool, protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    address = read_address(QueueSettings(user="me", password="hidden", tls=tls))
    assert address.options["security_protocol"] == protocol
    assert address.options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert address.options["sasl_plain_password"] == "hidden"
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("kafka.admin.client").warning("%s", address.options)
    assert "hidden" not in caplog.text + repr(address) + repr(address.options)


def test_an_unknown_mechanism_is_refused_with_those_there_are() -> None:
    with pytest.raises(QueueConfigurationError, match=r"KAFKA_SASL_MECHANISM: 'GSSAPI' .* PLAIN, SCRAM-SHA-256"):
        read_address(QueueSettings(user="me", password="hidden", kafka_sasl_mechanism="GSSAPI"))


def test_a_file_for_tls_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(QueueConfigurationError, match="QUEUE_TLS_CA"):
        read_address(QueueSettings(tls_ca=tmp_path / "missing.pem"))
