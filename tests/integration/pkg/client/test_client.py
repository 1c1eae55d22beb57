"""The client against a real server, and against servers that fail."""

import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
import pytest
from gevent.server import StreamServer

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildFinished, LogWritten
from pikoci.pkg.client import ApiError, BuildEvent, Client, ClientError, RetryPolicy, ServerUnreachableError
from tests.integration.internal.api.live import Live, wait_until
from tests.services.process import free_port
from tests.unit.internal.api.scene import CONFIG, PASSWORD

QUICK = RetryPolicy(sleep=lambda _: gevent.sleep(0.01), patience=2.0)


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    with Client(live.url, live.scene.token, policy=QUICK) as made:
        yield made


@contextmanager
def answering(handle: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does as it is told with each connection; gives its address."""
    server = StreamServer(("127.0.0.1", 0), lambda connection, _: handle(connection))
    server.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=0)


def _reply(status: str, body: bytes, headers: str = "") -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)
        connection.close()

    return handle


def test_a_login_is_used_and_can_be_changed(live: Live) -> None:
    with Client(live.url) as client:
        client.login("admin", PASSWORD)
        assert client.profile()["name"] == "admin"
        client.change_password(PASSWORD, "another good one")
        assert client.profile()["name"] == "admin"
        with pytest.raises(ApiError) as caught:
            client.login("admin", PASSWORD)
        assert (caught.value.status, caught.value.kind) == (401, "unauthenticated")


def test_every_area_can_be_called(client: Client) -> None:
    assert client.version() == "1.2.3"
    assert client.health() == client.ready() == {"status": "ok"}
    assert "pikoci_http_requests_total" in client.metrics()
    client.pipelines.create("main", "second", CONFIG)
    assert [one["name"] for one in client.pipelines.list("main")] == ["demo", "second"]
    assert client.pipelines.plan("main", "second", CONFIG) == {
        "changes": [],
        "warnings": [],
        "starts": [],
        "checks": [],
        "unseen": 0,
    }
    assert client.pipelines.set("main", "second", CONFIG)["changes"] == []
    assert client.pipelines.get("main", "second")["config"] == CONFIG
    client.pipelines.pause("main", "second")
    client.pipelines.unpause("main", "second")
    client.pipelines.publish("main", "second")
    client.pipelines.unpublish("main", "second")
    assert client.pipelines.graph("main", "second")["nodes"]
    assert "digraph" in client.pipelines.drawing("main", "second")
    assert "<svg" in client.pipelines.badge("main", "second")
    client.pipelines.delete("main", "second")
    assert [one["name"] for one in client.jobs.list("main", "demo")] == ["unit", "ship", "free"]
    client.jobs.pause("main", "demo", "free")
    client.jobs.unpause("main", "demo", "free")
    assert client.jobs.get("main", "demo", "free")["paused"] is False
    resource = ("main", "demo", "trigger.button")
    assert [one["name"] for one in client.resources.list("main", "demo")] == ["trigger.button"]
    client.resources.check(*resource)
    client.resources.unpin(*resource)
    assert client.resources.rotate_webhook_token(*resource) == client.resources.get(*resource)["webhook_token"]
    assert list(client.resources.versions(*resource)) == []
    for call in (client.resources.pin, client.resources.trigger_version):
        with pytest.raises(ApiError, match="version"):
            call(*resource, 99)
    client.users.create("eve", "a first password")
    client.teams.create("tools")
    client.teams.set_member("tools", "eve", "read")
    assert {"name": "eve", "role": "read"} in list(client.teams.members("tools"))
    client.teams.remove_member("tools", "eve")
    assert [team["name"] for team in client.teams.list()] == ["main", "tools"]
    assert {queue["name"] for queue in client.workers.queues()} == {"jobs", "checks"}
    for act in (client.workers.cordon, client.workers.uncordon, client.workers.drain, client.workers.delete):
        with pytest.raises(ApiError, match="there is no worker none"):
            act("none")


def test_every_route_has_a_call(client: Client) -> None:
    """Counted by the addresses that the package's source builds, so that a new route is not forgotten."""
    import pikoci.pkg.client

    assert pikoci.pkg.client.__file__
    source = "".join(file.read_text() for file in Path(pikoci.pkg.client.__file__).parent.glob("*.py"))
    words = {
        word
        for route in client.openapi()["paths"]
        if not route.startswith("/api/v1/worker/")  # spoken by workers alone
        for word in re.findall(r"[a-z.-]+", re.sub(r"\{\w+\}", "", route.removeprefix("/api/v1")))
    }
    # Webhooks are for other programs: their token stands in the address.
    assert {word for word in words if f'"{word}"' not in source and f'"/{word}"' not in source} == {"webhooks"}


def test_builds_are_listed_over_pages(live: Live, client: Client) -> None:
    for _ in range(7):
        live.scene.trigger()
    found = [build["number"] for build in client.builds.list("main", "demo", "free", page=3)]
    assert found == ["7", "6", "5", "4", "3", "2", "1"]
    assert [build["number"] for build in client.builds.list("main", "demo", "free", ["failed"])] == []


def test_a_build_is_triggered_cancelled_and_retried(client: Client) -> None:
    build = ("main", "demo", "free", client.builds.trigger("main", "demo", "free", key="k")["number"])
    assert client.builds.trigger("main", "demo", "free", key="k")["number"] == build[3]
    assert client.builds.cancel(*build)["status"] == "cancelled"
    assert client.builds.retry(*build)["number"] == "1.1"
    assert client.builds.get(*build)["status"] == "cancelled"


def test_an_invalid_pipeline_raises_with_its_diagnostics(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.pipelines.set("main", "demo", 'job "x" {')
    assert caught.value.kind == "invalid-pipeline"
    assert caught.value.diagnostics[0]["line"] == 1


def test_a_build_is_followed_through_a_restart_of_the_server(live: Live, client: Client) -> None:
    build = live.scene.trigger()
    claim = live.scene.claim(build)
    events: list[BuildEvent] = []
    following = gevent.spawn(events.extend, client.follow_build("main", "demo", "free", "1"))

    def log() -> bytes:
        return b"".join(event.log for event in events)

    live.scene.report(build, claim, 1, LogWritten(step="1", at=1.0, data=b"one \xff\n"))
    wait_until(lambda: log() == b"one \xff\n")
    live.stop()
    live.scene.report(build, claim, 2, LogWritten(step="1", at=1.0, data=b"two\n"))
    gevent.sleep(0.05)
    live.start()
    live.scene.report(build, claim, 3, LogWritten(step="1", at=1.0, data=b"three\n"))
    live.scene.report(build, claim, 4, BuildFinished(status=BuildStatus.FAILED, at=2.0))
    following.get(timeout=30)
    assert log() == b"one \xff\ntwo\nthree\n"
    assert (events[-1].kind, events[-1].data["status"]) == ("end", "failed")


def test_following_gives_up_on_a_server_that_stays_away(live: Live, client: Client) -> None:
    live.scene.trigger()
    events = client.follow_build("main", "demo", "free", "1")
    assert next(events).kind == "status"
    live.stop()
    with pytest.raises(ServerUnreachableError):
        list(events)


def test_a_long_quiet_build_does_not_use_up_the_patience() -> None:
    replies = [b"event: status\ndata: {}\n\n", b"event: end\ndata: {}\n\n"]
    hours = iter(range(0, 1_000_000, 10_000))
    policy = RetryPolicy(sleep=lambda _: None, monotonic=lambda: float(next(hours)), patience=5.0)

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + replies.pop(0))
        connection.close()

    with answering(handle) as address, Client(address, policy=policy) as client:
        assert [event.kind for event in client.follow_build("a", "b", "c", "1")] == ["status", "end"]


def test_following_what_is_not_there_is_refused_at_once(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        next(client.follow_build("main", "demo", "free", "9"))
    assert caught.value.status == 404


def test_a_log_is_read_in_pieces_from_any_place(live: Live, client: Client) -> None:
    live.scene.finished([b"0123456789" * 100_000])
    build = ("main", "demo", "free", "1")
    assert sum(map(len, client.builds.log(*build))) == 1_000_000
    assert b"".join(client.builds.log(*build, 999_995)) == b"56789"
    assert b"".join(client.builds.log(*build, 1_000_000)) == b""


def test_a_log_goes_on_after_a_broken_connection(live: Live) -> None:
    data, seen = b"0123456789" * 1000, []

    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        start = int(request.split("bytes=")[1].split("-")[0]) if "bytes=" in request else 0
        seen.append(start)
        status = "206 Partial Content" if start else "200 OK"
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(data) - start}\r\n\r\n".encode())
        connection.sendall(data[start : start + 4000])
        connection.close()

    with answering(handle) as address, Client(address, policy=QUICK) as client:
        assert b"".join(client.builds.log("a", "b", "c", "1")) == data
    assert seen == [0, 4000, 8000]


def test_an_absent_server_is_one_clear_sentence() -> None:
    port = free_port()
    with Client(f"127.0.0.1:{port}", policy=QUICK) as client, pytest.raises(ServerUnreachableError) as caught:
        client.version()
    assert str(caught.value) == f"http://127.0.0.1:{port} cannot be reached: Connection refused"


def test_a_server_that_hangs_is_one_clear_sentence() -> None:
    with (
        answering(lambda _: gevent.sleep(30)) as address,
        Client(address, timeout=0.05, policy=QUICK) as client,
        pytest.raises(ServerUnreachableError, match="did not answer in time"),
    ):
        client.version()


@pytest.mark.parametrize("body", [b"<html>", b"{", b""])
def test_what_is_no_pikoci_server_is_said(body: bytes) -> None:
    with (
        answering(_reply("200 OK", body)) as address,
        Client(address, policy=QUICK) as client,
        pytest.raises(ClientError, match=r"does not answer like a PikoCI server"),
    ):
        client.version()


def test_a_gateway_error_without_a_problem_is_an_api_error() -> None:
    with (
        answering(_reply("502 Bad Gateway", b"<html>")) as address,
        Client(address, policy=QUICK) as client,
        pytest.raises(ApiError, match="the server answered 502 Bad Gateway"),
    ):
        client.version()


def test_a_moved_server_is_not_followed_with_the_token() -> None:
    reply = _reply("301 Moved Permanently", b"", "Location: http://evil.example.com/\r\n")
    with (
        answering(reply) as address,
        Client(address, "token", policy=QUICK) as client,
        pytest.raises(ApiError) as caught,
    ):
        client.profile()
    assert caught.value.hint == "it says that it moved to http://evil.example.com/"


def test_a_change_is_repeated_under_the_same_key() -> None:
    keys: list[str] = []

    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        keys.append(request.lower().split("idempotency-key: ")[1].split("\r\n")[0])
        if len(keys) < 3:
            connection.close()
            return
        connection.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"number": "1"}')
        connection.close()

    with answering(handle) as address, Client(address, policy=QUICK) as client:
        assert client.builds.trigger("a", "b", "c") == {"number": "1"}
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_login_is_sent_once() -> None:
    requests: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        requests.append(connection.recv(65536))
        connection.close()

    with (
        answering(handle) as address,
        Client(address, policy=QUICK) as client,
        pytest.raises(ServerUnreachableError, match="broke"),
    ):
        client.login("admin", "secret")
    assert len(requests) == 1


def test_tokens_appear_in_no_log_and_no_repr(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Client(live.url, live.scene.token, policy=QUICK) as client:
        client.profile()
        client.builds.trigger("main", "demo", "free")
        with pytest.raises(ApiError) as caught:
            client.jobs.get("main", "demo", "none")
    assert live.scene.token not in caplog.text
    assert live.scene.token not in repr(client) + repr(vars(client)) + str(caught.value) + repr(caught.value)
