"""Addresses of brokers are read alike for all systems, and never shown with a password."""

import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueSettings
from pikoci.pkg.queue.address import Server, read_servers

PORTS = {"amqp": 5672, "amqps": 5671}
NO_SCHEME = {"": 9092}


def read(text: str, ports: dict[str, int] = PORTS, with_path: bool = False) -> list[Server]:
    return read_servers(text, "THE_SETTING", ports, "the example", with_path=with_path)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("broker", "broker:5672"),
        ("amqps://broker", "broker:5671"),
        ("broker:1234", "broker:1234"),
        ("amqp://[::1]", "[::1]:5672"),
        ("10.0.0.1", "10.0.0.1:5672"),
        ("amqp://broker/", "broker:5672"),
    ],
)
def test_what_is_left_out_is_usual(text: str, location: str) -> None:
    (server,) = read(text)
    assert server.location == location


def test_several_stand_with_commas_between() -> None:
    assert [server.location for server in read("one, two:2,,[::1]:3,", NO_SCHEME)] == ["one:9092", "two:2", "[::1]:3"]


@pytest.mark.parametrize(
    "text",
    ["", " , ", "http://b", "amqp://", "b:0", "b:70000", "b:x", "u:hidden@b:x", "[::1", "a b", "b/path", "b?x", "b#x"],
)
def test_what_can_not_be_right_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(QueueConfigurationError, match=r"THE_SETTING: .* such as the example") as caught:
        read(text)
    assert "hidden" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_system_without_schemes_refuses_them() -> None:
    with pytest.raises(QueueConfigurationError):
        read("kafka://broker", NO_SCHEME)


def test_one_part_of_a_path_may_follow_where_it_means_something() -> None:
    assert read("b/my%2Fhost", with_path=True)[0].path == "/my%2Fhost"
    with pytest.raises(QueueConfigurationError):
        read("b/x/y", with_path=True)


def test_a_login_is_read_but_not_shown() -> None:
    (server,) = read("amqp://us%40er:hid%2Fden@broker")
    assert server.login(QueueSettings()) == ("us@er", "hid/den")
    assert "us@er" not in repr(server)  # it may be a token
    assert "hid" not in repr(server)


def test_a_login_of_the_settings_wins() -> None:
    (server,) = read("amqp://a:b@broker")
    assert server.login(QueueSettings(user="me", password="mine")) == ("me", "mine")
    assert server.login(QueueSettings(user="me")) == ("me", "")
    assert read("broker")[0].login(QueueSettings()) == (None, None)
