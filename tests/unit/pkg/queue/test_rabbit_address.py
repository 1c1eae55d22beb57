"""RabbitMQ's address: all forms that are right, one clear error for each that is not."""

import pika
import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueSettings
from pikoci.pkg.queue.rabbit.address import read_address


def test_login_host_and_vhost_come_from_the_address() -> None:
    address = read_address(QueueSettings(rabbit_url="amqp://us%40er:p%2Fw@broker:1234/my%2Fhost"))
    (node,) = address.nodes
    assert (node.host, node.port, node.virtual_host) == ("broker", 1234, "my/host")
    assert node.credentials == pika.PlainCredentials("us@er", "p/w")
    assert address.name == "amqp://broker:1234/my%2Fhost"
    assert "p/w" not in repr(address)


def test_what_is_left_out_has_a_default() -> None:
    (node,) = read_address(QueueSettings(rabbit_url="broker")).nodes
    assert (node.host, node.port, node.virtual_host) == ("broker", 5672, "/")


def test_settings_for_the_login_win() -> None:
    settings = QueueSettings(rabbit_url="amqp://a:b@broker", user="me", password="mine")
    assert read_address(settings).nodes[0].credentials == pika.PlainCredentials("me", "mine")


def test_amqps_is_encrypted() -> None:
    (node,) = read_address(QueueSettings(rabbit_url="amqps://broker")).nodes
    assert node.port == 5671
    assert node.ssl_options is not None


def test_several_nodes_may_be_named() -> None:
    nodes = read_address(QueueSettings(rabbit_url="amqp://one/, amqp://two/")).nodes
    assert [node.host for node in nodes] == ["one", "two"]


@pytest.mark.parametrize("url", ["http://a:secret@broker", "amqp://", "amqp://a:secret@b:99999", "amqp://b/x/y", ""])
def test_a_bad_address_is_named_without_its_password(url: str) -> None:
    with pytest.raises(QueueConfigurationError, match="RABBIT_SERVER_URL") as caught:
        read_address(QueueSettings(rabbit_url=url))
    assert "secret" not in str(caught.value)
