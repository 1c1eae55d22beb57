"""A backend is opened by the name of its system; what is wrong is named with its setting."""

import subprocess
import sys

import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueSettings, open_backend

CLIENTS = ("nats", "pika", "kafka")


def test_an_unknown_system_is_refused_with_those_there_are() -> None:
    with pytest.raises(QueueConfigurationError, match=r"PUBSUB_SYSTEM: 'redis' .* mem, nats, rabbit, kafka"):
        open_backend("redis", QueueSettings())


@pytest.mark.parametrize("prefix", ["", "a b", "a.b", "-a", "x" * 41])
def test_a_prefix_that_brokers_would_not_take_is_refused(prefix: str) -> None:
    with pytest.raises(QueueConfigurationError, match="QUEUE_PREFIX"):
        open_backend("mem", QueueSettings(prefix=prefix))


def test_settings_do_not_show_secrets() -> None:
    settings = QueueSettings(nats_url="nats://u:hidden@h", rabbit_url="amqp://u:hidden@h", password="hidden")
    assert "hidden" not in repr(settings)


def test_no_client_library_is_imported_before_its_system_is_opened() -> None:
    script = f"""
import sys
from pikoci.cooperative import make_cooperative
make_cooperative()
from pikoci.pkg.queue import QueueSettings, open_backend
open_backend("mem", QueueSettings()).close()
assert not set({CLIENTS!r}) & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
