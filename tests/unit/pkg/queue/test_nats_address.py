"""The settings for NATS: what is wrong is named, and no password is shown."""

from pathlib import Path

import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueSettings
from pikoci.pkg.queue.nats.address import read_address


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("nats://broker:4222", "nats://broker:4222"),
        ("broker", "nats://broker:4222"),
        ("nats://[::1]:1234/", "nats://[::1]:1234"),
        ("nats://one:1,nats://two:2", "nats://one:1, nats://two:2"),
    ],
)
def test_an_address_may_leave_out_what_is_usual(url: str, name: str) -> None:
    assert read_address(QueueSettings(nats_url=url)).name == name


@pytest.mark.parametrize(
    "url",
    ["", "http://broker", "nats://", "nats://broker:port", "nats://u:hidden@broker:x", "a/b"],
)
def test_an_address_that_can_not_be_right_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(QueueConfigurationError, match="NATS_SERVER_URL") as caught:
        read_address(QueueSettings(nats_url=url))
    assert "hidden" not in str(caught.value)


def test_a_login_in_the_address_is_used_but_not_shown() -> None:
    address = read_address(QueueSettings(nats_url="nats://user:hid%40den@broker"))
    assert (address.options["user"], address.options["password"]) == ("user", "hid@den")
    assert "hid" not in repr(address)
    assert "hid" not in str(address.options["servers"])


def test_a_name_alone_is_a_token() -> None:
    assert read_address(QueueSettings(nats_url="nats://s3cret@broker")).options["token"] == "s3cret"


def test_a_login_of_its_own_wins() -> None:
    options = read_address(QueueSettings(nats_url="nats://u:p@broker", user="me", password="mine")).options
    assert (options["user"], options["password"]) == ("me", "mine")


def test_a_missing_credentials_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(QueueConfigurationError, match=r"NATS_CREDS: there is no file .*gone"):
        read_address(QueueSettings(nats_credentials=tmp_path / "gone"))


def test_a_missing_certificate_is_told(tmp_path: Path) -> None:
    with pytest.raises(QueueConfigurationError, match="TLS"):
        read_address(QueueSettings(tls_ca=tmp_path / "gone"))


def test_tls_is_used_when_the_address_says_so() -> None:
    assert "tls" in read_address(QueueSettings(nats_url="tls://broker")).options
    assert "tls" not in read_address(QueueSettings()).options
