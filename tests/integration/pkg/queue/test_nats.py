"""What the contract of queues does not say, on a real NATS server."""

import asyncio
import gc
import secrets
import shutil
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import gevent
import nats
import pytest
from gevent.server import StreamServer
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StorageType

from pikoci.pkg.queue import (
    Backend,
    Delivery,
    QueueConfigurationError,
    QueueSettings,
    QueueUnavailableError,
    open_backend,
)
from pikoci.pkg.queue.nats import NatsBackend, consuming
from pikoci.pkg.queue.nats.loop_thread import LoopThread
from tests.contract.pkg.queue.site import collect, hub_stays_free, publish_at_last, take
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.nats import NatsServer
from tests.services.proxy import Proxy


@pytest.fixture
def prefix() -> str:
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def backend(nats_address: str, prefix: str) -> Iterator[Backend]:
    opened = open_backend("nats", QueueSettings(prefix=prefix, nats_url=nats_address))
    yield opened
    opened.close()


@pytest.fixture
def administer(nats_address: str) -> Iterator[Callable[[Callable[[JetStreamContext], Awaitable[object]]], None]]:
    """Does something with JetStream, past the backend."""
    loop = LoopThread()

    def administer(work: Callable[[JetStreamContext], Awaitable[object]]) -> None:
        async def connected() -> None:
            client = await nats.connect(nats_address)
            try:
                await work(client.jetstream())
            finally:
                await client.close()

        loop.call(connected, 20)

    yield administer
    loop.close()


Administer = Callable[[Callable[[JetStreamContext], Awaitable[object]]], None]


def test_a_stream_that_would_lose_work_is_refused_with_what_differs(
    backend: Backend, prefix: str, administer: Administer
) -> None:
    administer(lambda js: js.add_stream(name=prefix, subjects=[f"{prefix}.>"], storage=StorageType.MEMORY, max_age=60))
    with pytest.raises(QueueConfigurationError) as caught:
        backend.publish("jobs", b"1")
    for difference in ("retention is limits, not workqueue", "storage is memory, not file", "max_age is 60"):
        assert difference in str(caught.value)
    assert prefix in str(caught.value)
    administer(lambda js: js.delete_stream(prefix))
    deadline = gevent.Timeout(20)
    with deadline:
        while True:
            try:
                backend.publish("jobs", b"1")
                break
            except QueueConfigurationError:
                gevent.sleep(0.05)


def test_a_stream_of_others_with_our_subjects_is_told(backend: Backend, prefix: str, administer: Administer) -> None:
    administer(lambda js: js.add_stream(name=f"{prefix}-other", subjects=[f"{prefix}.jobs"]))
    with pytest.raises(QueueConfigurationError, match="QUEUE_PREFIX"):
        backend.publish("jobs", b"1")


def test_a_consumer_of_another_kind_is_refused(backend: Backend, prefix: str, administer: Administer) -> None:
    backend.publish("jobs", b"1")
    administer(lambda js: js.add_consumer(prefix, ConsumerConfig(durable_name=f"{prefix}-jobs")))
    with backend.subscribe(["jobs"]) as subscription, pytest.raises(QueueConfigurationError, match="filter_subject"):
        subscription.receive(1.0)


def test_a_consumer_with_other_times_is_brought_up_to_date(
    backend: Backend, prefix: str, administer: Administer
) -> None:
    backend.check_health()
    config = ConsumerConfig(
        durable_name=f"{prefix}-jobs", filter_subject=f"{prefix}.jobs", ack_wait=5, max_ack_pending=1
    )
    administer(lambda js: js.add_consumer(prefix, config))
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"1")
        backend.publish("jobs", b"2")
        assert {take(subscription).body, take(subscription).body} == {b"1", b"2"}


def test_a_removed_consumer_is_made_again(
    backend: Backend, prefix: str, administer: Administer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "_LOOK_SECONDS", 1.0)
    with backend.subscribe(["jobs"]) as subscription:
        subscription.receive(0.1)
        administer(lambda js: js.delete_consumer(prefix, f"{prefix}-jobs"))
        backend.publish("jobs", b"1")
        collect(subscription, {b"1"})


def test_a_removed_stream_is_made_again(backend: Backend, prefix: str, administer: Administer) -> None:
    backend.publish("jobs", b"1")
    administer(lambda js: js.delete_stream(prefix))
    with pytest.raises(QueueUnavailableError):
        backend.publish("jobs", b"2")
    with gevent.Timeout(20):
        while True:
            try:
                backend.publish("jobs", b"3")
                break
            except QueueUnavailableError:
                gevent.sleep(0.05)


def test_what_others_publish_is_delivered_as_it_is(backend: Backend, prefix: str, administer: Administer) -> None:
    backend.check_health()
    administer(lambda js: js.publish(f"{prefix}.jobs", b"x" * 9000, headers={"Some": "header"}))
    with backend.subscribe(["jobs"]) as subscription:
        assert collect(subscription, {b"x" * 9000}) == [b"x" * 9000]
        assert subscription.receive(0.3) is None


def test_the_age_of_the_oldest_waiting_message_is_known(backend: Backend) -> None:
    with backend.subscribe(["jobs"]) as subscription:
        backend.publish("jobs", b"1")
        take(subscription)
        backend.publish("jobs", b"2")
        depth = backend.depth("jobs")
        assert depth is not None
        assert depth.oldest is not None
        assert 0 <= depth.oldest < 30


def test_a_wrong_password_is_told_without_showing_it(prefix: str) -> None:
    with NatsServer("--user=pikoci", "--pass=right") as server:
        url = f"nats://pikoci:wr0ng@127.0.0.1:{server.port}"
        backend = open_backend("nats", QueueSettings(prefix=prefix, nats_url=url, publish_timeout=1.0))
        with pytest.raises(QueueUnavailableError, match=r"(?i)authorization") as caught:
            backend.publish("jobs", b"1")
        assert "wr0ng" not in str(caught.value)
        backend.close()
        right = url.replace("wr0ng", "right")
        backend = open_backend("nats", QueueSettings(prefix=prefix, nats_url=right))
        backend.publish("jobs", b"1")
        backend.close()


def test_a_name_is_resolved_without_holding_up_the_hub(nats_address: str, prefix: str) -> None:
    port = nats_address.rpartition(":")[2]
    backend = open_backend("nats", QueueSettings(prefix=prefix, nats_url=f"nats://localhost:{port}"))
    with hub_stays_free():
        backend.publish("jobs", b"1")
    backend.close()


def test_a_server_without_jetstream_is_told(tmp_path: Path, prefix: str) -> None:
    from tests.services.process import ServiceProcess, answers, free_port
    from tests.services.requirement import program

    port = free_port()
    server = ServiceProcess([program("nats", "nats-server"), "--addr=127.0.0.1", f"--port={port}"], tmp_path)
    backend = open_backend("nats", QueueSettings(prefix=prefix, nats_url=f"nats://127.0.0.1:{port}"))
    try:
        server.wait_until(lambda: answers(port))
        with pytest.raises(QueueConfigurationError, match="nats-server -js"):
            backend.publish("jobs", b"1")
    finally:
        backend.close()
        server.stop(keep_folder=True)


def test_a_killed_greenlet_leaves_nothing_held(backend: Backend) -> None:
    killed = 0
    with backend.subscribe(["jobs"]) as subscription:
        subscription.receive(0.1)
        for step in range(40):
            waiting = gevent.spawn(subscription.receive, 10.0)
            publishing = gevent.spawn(backend.publish, "jobs", b"1")
            gevent.sleep(step * 0.00005)
            waiting.kill()
            publishing.get()
            if isinstance(waiting.value, Delivery):
                waiting.value.reject()
            else:
                killed += 1
        for _ in range(40):
            take(subscription, within=10).acknowledge()
    assert killed


def test_tls_and_a_client_certificate_work(tmp_path: Path, prefix: str) -> None:
    make_certificates(tmp_path)
    authority = tmp_path / AUTHORITY
    options = [f"--tlscert={tmp_path}/server.pem", f"--tlskey={tmp_path}/server.key", "--tlsverify"]
    with NatsServer("--tls", *options, f"--tlscacert={authority}") as server:
        settings = QueueSettings(
            prefix=prefix,
            nats_url=f"tls://127.0.0.1:{server.port}",
            tls_ca=authority,
            tls_certificate=tmp_path / "client.pem",
            tls_key=tmp_path / "client.key",
        )
        backend = open_backend("nats", settings)
        with hub_stays_free():
            backend.publish("jobs", b"1")
        backend.close()


def test_the_event_loop_ends_with_its_backend() -> None:
    loop = LoopThread()
    ended = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    loop.post(wait)
    with pytest.raises(TimeoutError):
        loop.call(lambda: asyncio.sleep(60), 0.1)
    loop.close()
    assert ended == [True]


def test_a_subscription_closed_while_the_network_is_silent_leaves_the_connection_usable(
    prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    with NatsServer() as server, server.proxied() as proxy:
        opened = open_backend("nats", QueueSettings(prefix=prefix, nats_url=server.address_through(proxy)))
        try:
            subscription = opened.subscribe(["jobs"])
            assert subscription.receive(0) is None
            proxy.freeze()
            subscription.close()
            gevent.sleep(1.5)  # longer than the subscription waits for the server's answer
            proxy.restore()
            with gevent.Timeout(4):  # less than it takes to notice a connection that nobody reads
                opened.publish("jobs", b"1")
        finally:
            opened.close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_connection_whose_closing_is_cut_off_is_closed_nevertheless(prefix: str) -> None:
    with NatsServer() as server, server.proxied() as proxy:
        opened = open_stuck(server, proxy, prefix)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            opened.close()
            del opened
            gc.collect()
    assert not [str(one.message) for one in caught]


def test_a_lost_connection_that_nobody_reads_is_closed(prefix: str) -> None:
    with NatsServer() as server, server.proxied() as proxy:
        opened = open_stuck(server, proxy, prefix)
        proxy.end()
        with gevent.Timeout(30):
            while half_closed(proxy.port):
                gevent.sleep(0.05)
        opened.close()


def open_stuck(server: NatsServer, proxy: Proxy, prefix: str) -> Backend:
    """A backend that waits for ever to send more than a frozen network takes."""
    settings = QueueSettings(prefix=prefix, nats_url=server.address_through(proxy), publish_timeout=1.0)
    opened = open_backend("nats", settings)
    opened.publish("jobs", b"1")
    proxy.freeze()
    with pytest.raises(QueueUnavailableError):
        opened.publish("jobs", *[bytes(4000)] * 4000)
    return opened


def half_closed(port: int) -> bool:
    """Whether a connection to the port has been ended by the other side only."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return any(row[2].endswith(f":{port:04X}") and row[3] == "08" for row in rows)


def test_the_event_loop_leaves_no_connection_open() -> None:
    loop = LoopThread()
    listener = StreamServer(("127.0.0.1", 0), lambda client, _: client.recv(1))
    listener.start()
    loop.call(lambda: asyncio.open_connection(*listener.address), 5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loop.close()
        gc.collect()
    listener.stop()
    assert not [str(one.message) for one in caught]


def test_a_message_that_a_crash_left_behind_for_nobody_does_not_count_as_waiting(prefix: str) -> None:
    with NatsServer() as server:
        opened = open_backend("nats", QueueSettings(prefix=prefix, nats_url=server.address))
        try:
            subscription = opened.subscribe(["jobs"])
            opened.publish("jobs", b"1")
            messages = next((server.folder / "data").rglob(f"{prefix}/msgs"))
            server.stop()
            shutil.copytree(messages, server.folder / "kept")
            server.start()
            take(subscription).acknowledge()
            subscription.close()
            server.stop()
            shutil.rmtree(messages)
            shutil.copytree(server.folder / "kept", messages)
            server.start()
            depth = opened.depth("jobs")
            assert depth is not None
            assert (depth.waiting, depth.in_flight) == (0, 0)
        finally:
            opened.close()


def test_a_connection_that_the_client_closed_without_a_word_is_made_again(backend: Backend) -> None:
    assert isinstance(backend, NatsBackend)
    backend.publish("jobs", b"1")
    connection, loop = backend.connection, backend._loop
    assert loop is not None

    async def close_silently() -> None:
        client = connection._client
        assert client is not None
        client._closed_cb = None  # it is not called when the task that closes the client is cancelled in the midst
        await client.close()

    loop.call(close_silently, 5)
    publish_at_last(backend, "jobs", b"2")
    with backend.subscribe(["jobs"]) as subscription:
        collect(subscription, {b"1", b"2"})


def test_a_message_that_is_held_for_too_long_comes_again(nats_address: str, prefix: str) -> None:
    opened = open_backend("nats", QueueSettings(prefix=prefix, nats_url=nats_address, redelivery=1.0))
    with opened.subscribe(["jobs"]) as subscription:
        opened.publish("jobs", b"1")
        take(subscription)
        collect(subscription, {b"1"}, within=20)
    opened.close()
