import socket
from collections.abc import Iterator

import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.server.listening import listen


@pytest.fixture(params=["127.0.0.1", "::"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with listen(request.param, 0) as made:
        yield made


def test_a_connection_of_the_first_instant_sends_small_answers_at_once(listener: socket.socket) -> None:
    with socket.create_connection(("127.0.0.1", listener.getsockname()[1])):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_refused_with_a_way_out(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pikoci.server.listening._PATIENCE", 0.0)
    host, port = listener.getsockname()[:2]
    with pytest.raises(InvalidError, match=f"cannot listen on .*{port}: Address already in use") as refusal:
        listen(host, port)
    assert f"--port {port + 1}" in refusal.value.hint
