"""What only a worker behind a network meets: tokens, other people's claims, a server that is away or is none."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import gevent
import httpx
import msgspec
import pytest
from gevent.event import Event
from gevent.pywsgi import WSGIServer

from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    PermissionDeniedError,
    StaleClaimError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.internal.domain.gateway import CheckResult, Gateway, Heartbeat
from pikoci.internal.domain.wire import INSTANCE_HEADER, MSGPACK, WORKER_HEADER
from pikoci.internal.worker.http import HttpGateway
from tests.contract.internal.gateway.site import CONFIG, INSTANCE, NAME, Http, events, hello

STRANGER = "fedcba9876543210.1"


def identity(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        WORKER_HEADER: NAME,
        INSTANCE_HEADER: INSTANCE,
        "Content-Type": MSGPACK,
    }


def test_a_users_token_opens_no_route_of_workers(http: Http) -> None:
    user = http.world.services.tokens.user_token(http.world.alice.user) if http.world.alice.user else ""
    for token in (user, "nonsense"):
        with pytest.raises(UnauthenticatedError) as raised:
            http.gateway(token=token).register(hello())
        assert "--worker-token" in raised.value.hint
        assert token not in str(raised.value)


def test_a_workers_token_opens_no_route_of_users(http: Http) -> None:
    for path in ("/api/v1/profile", "/api/v1/workers", "/api/v1/teams/main/pipelines"):
        assert httpx.get(f"{http.url}{path}", headers=identity(http.token)).status_code == 401


def test_without_a_token_nothing_is_read(http: Http) -> None:
    answer = httpx.post(f"{http.url}/api/v1/worker/register", content=b"x" * 100_000)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("name", "instance"), [("w-2", STRANGER), (NAME, STRANGER), ("w-2", INSTANCE)])
def test_a_claim_is_of_no_use_to_another_worker(http: Http, name: str, instance: str) -> None:
    mine = http.gateway()
    mine.register(hello())
    build_id = http.world.trigger()
    claim = mine.claim_build(build_id, NAME, INSTANCE).claim
    digest = mine.store_artifact(build_id, claim, [b"secret"])
    resource_id = http.world.request_check()
    check = mine.claim_check(resource_id, NAME, INSTANCE).claim
    other = http.gateway(name, instance)
    for attempt in (
        lambda: other.report(build_id, claim, 1, events()),
        lambda: other.store_artifact(build_id, claim, [b"x"]),
        lambda: list(other.load_artifact(build_id, claim, digest)),
        lambda: other.finish_check(resource_id, check, CheckResult(error="x")),
    ):
        with pytest.raises(StaleClaimError):
            attempt()
    mine.report(build_id, claim, 1, events())
    mine.finish_check(resource_id, check, CheckResult())


def test_a_worker_speaks_for_itself_alone(http: Http) -> None:
    with pytest.raises(InvalidError):
        http.gateway().register(hello("w-2"))
    with pytest.raises(InvalidError):
        http.gateway().heartbeat(Heartbeat(name="w-2", instance=INSTANCE, state="running"))


@pytest.mark.parametrize(("name", "instance"), [("a b", INSTANCE), ("x" * 300, INSTANCE), (NAME, "i"), (NAME, ".1")])
def test_names_and_instances_that_cannot_be_are_refused(http: Http, name: str, instance: str) -> None:
    with pytest.raises(InvalidError):
        http.gateway(name, instance).register(hello(name, instance))


def test_a_teams_token_opens_that_teams_work_alone(http: Http) -> None:
    build_id, resource_id = http.world.trigger(), http.world.request_check()
    tokens = http.world.services.tokens
    other = http.gateway(token=tokens.worker_token("others"))
    other.register(hello())
    for attempt in (
        lambda: other.claim_build(build_id, NAME, INSTANCE),
        lambda: other.claim_check(resource_id, NAME, INSTANCE),
    ):
        with pytest.raises(ConflictError, match="opens the work of team others alone"):
            attempt()
    own = http.gateway(token=tokens.worker_token("main"))
    assert own.claim_build(build_id, NAME, INSTANCE).build.id == build_id
    assert own.claim_check(resource_id, NAME, INSTANCE).resource_id == resource_id


def test_a_worker_has_the_tags_that_its_token_carries_and_no_others(http: Http) -> None:
    http.world.set(CONFIG.replace('job "run" {', 'job "run" {\n  tags = ["gpu"]'))
    build_id = http.world.trigger()
    tokens, gpu = http.world.services.tokens, ["jobs", "jobs.gpu"]
    narrow = http.gateway(token=tokens.worker_token(tags=["vpn"]))
    for carried in ([], ["vpn"]):
        with pytest.raises(PermissionDeniedError, match="does not carry the tag gpu") as raised:
            http.gateway(token=tokens.worker_token(tags=carried)).register(hello(tags=["gpu", *carried], queues=gpu))
        assert "--tags" in raised.value.hint
    http.gateway().register(hello(tags=["gpu"], queues=gpu))  # a token that says nothing of tags carries all
    with pytest.raises(ConflictError, match="lacks the tags gpu"):
        narrow.claim_build(build_id, NAME, INSTANCE)  # who has the worker's name and key has its token, too
    wide = http.gateway(token=tokens.worker_token("main", ["vpn", "gpu"]))
    wide.register(hello(tags=["gpu"], queues=gpu))
    assert wide.claim_build(build_id, NAME, INSTANCE).build.id == build_id


def _deep(levels: int) -> object:
    value: object = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xc1", 400),
        (b"\x91" * 100_000, 400),
        (msgspec.msgpack.encode({"versions": [{"v": _deep(100)}]}), 400),
        (msgspec.msgpack.encode({"versions": [{"v": b"raw"}]}), 400),
        (msgspec.msgpack.encode({"versions": [{"v": msgspec.msgpack.Ext(5, b"x")}]}), 400),
        (msgspec.msgpack.encode({"versions": [{"v": float("nan")}]}), 400),
        (msgspec.msgpack.encode({"versions": [{"v": 2**64 - 1}]}), 400),
        (msgspec.msgpack.encode({"versions": [{1: "v"}]}), 400),
        (msgspec.msgpack.encode({"versions": "v"}), 400),
        (msgspec.msgpack.encode({"versions": [], "newer": 1}), 204),
    ],
)
def test_bodies_that_cannot_be_are_refused_in_words(http: Http, body: bytes, status: int) -> None:
    gateway = http.gateway()
    gateway.register(hello())
    resource_id = http.world.request_check()
    claim = gateway.claim_check(resource_id, NAME, INSTANCE).claim
    url = f"{http.url}/api/v1/worker/checks/{resource_id}/claims/{claim}/result"
    answer = httpx.post(url, content=body, headers=identity(http.token))
    assert answer.status_code == status, answer.text
    if status != 204:
        assert answer.json()["detail"]


def test_bodies_are_bounded_and_of_one_kind(http: Http) -> None:
    url = f"{http.url}/api/v1/worker/builds/1/claims/1/events"
    large = httpx.post(url, content=b"x" * 2_200_000, headers=identity(http.token))
    assert large.status_code == 413
    json = httpx.post(url, json={}, headers={**identity(http.token), "Content-Type": "application/json"})
    assert json.status_code == 415
    assert httpx.post(url.replace("builds/1", "builds/0"), headers=identity(http.token)).status_code == 400


def test_versions_over_all_bounds_fail_their_check_alone(http: Http) -> None:
    gateway = http.gateway()
    gateway.register(hello())
    resource_id = http.world.request_check()
    claim = gateway.claim_check(resource_id, NAME, INSTANCE).claim
    gateway.finish_check(resource_id, claim, CheckResult(versions=[{"v": "x" * 20_000_000}]))
    assert "at most" in http.world.resource().check_error


def test_a_server_that_is_away_is_unavailable_until_it_is_back(http: Http) -> None:
    gateway = http.gateway()
    gateway.register(hello())
    http.stop()
    calls: tuple[Callable[[], Any], ...] = (
        lambda: gateway.heartbeat(Heartbeat(name=NAME, instance=INSTANCE, state="running")),
        lambda: list(gateway.commands(NAME, INSTANCE)),
        lambda: list(gateway.load_artifact(1, 1, "0" * 64)),
        lambda: gateway.store_artifact(1, 1, iter([b"x"])),
    )
    for call in calls:
        with pytest.raises(UnavailableError, match="cannot be reached"):
            call()
    http.start()
    gateway.heartbeat(Heartbeat(name=NAME, instance=INSTANCE, state="running"))


def test_a_stream_that_is_cut_is_unavailable(http: Http) -> None:
    gateway = http.gateway()
    gateway.register(hello())

    heard = Event()

    def listen() -> None:
        for _ in gateway.commands(NAME, INSTANCE):
            heard.set()

    listening = gevent.spawn(_outcome, listen)
    assert heard.wait(5)
    http.stop()
    with gevent.Timeout(30, AssertionError("nobody noticed")):
        assert isinstance(listening.get(), UnavailableError | None)


def _outcome(call: Callable[[], None]) -> Exception | None:
    try:
        call()
    except UnavailableError as error:
        return error
    return None


@pytest.fixture
def strange() -> Iterator[tuple[Callable[..., None], str]]:
    """A server that is no PikoCI: answers as it is told."""
    told: dict[str, Any] = {}

    def app(_: Any, start: Any) -> list[bytes]:
        start(told["status"], list(told["headers"].items()))
        return [told["body"]]

    def tell(status: str, body: bytes = b"", **headers: str) -> None:
        told.update(status=status, body=body, headers={key.replace("_", "-"): value for key, value in headers.items()})

    server = WSGIServer(("127.0.0.1", 0), app, log=None, error_log=None)
    server.start()
    yield tell, f"http://127.0.0.1:{server.server_port}"
    server.stop(timeout=0)


def test_what_is_no_pikoci_server_counts_as_away(strange: tuple[Callable[..., None], str]) -> None:
    tell, url = strange
    with closing(HttpGateway(url, "token", NAME, INSTANCE)) as gateway:
        _look(gateway, tell)


def _look(gateway: Gateway, tell: Callable[..., None]) -> None:
    page = b"<html>sign in</html>"
    for status in ("200 OK", "404 Not Found", "302 Found", "502 Bad Gateway", "401 Unauthorized"):
        tell(status, page)
        with pytest.raises(UnavailableError):
            gateway.claim_build(1, NAME, INSTANCE)
    tell("503 Service Unavailable", page, Retry_After="7")
    with pytest.raises(UnavailableError) as raised:
        gateway.claim_build(1, NAME, INSTANCE)
    assert raised.value.retry_after == 7.0
    tell("413 Too Large", b'{"type": "urn:pikoci:problem:too-large", "detail": "no"}')
    with pytest.raises(TooLargeError):
        gateway.claim_build(1, NAME, INSTANCE)


@pytest.mark.parametrize(
    "url", ["", "http://", "ftp://host", "http://me:secret@host", "http://host:99999", "host?x", "=host"]
)
def test_an_address_that_cannot_be_is_refused_unshown(url: str) -> None:
    with pytest.raises(InvalidError) as raised:
        HttpGateway(url, "token", NAME, INSTANCE)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("token", ["", "a b", "a\n", "é"])
def test_a_token_that_cannot_be_is_refused_unshown(token: str) -> None:
    with pytest.raises(InvalidError, match="--worker-token"):
        HttpGateway("localhost:8080", token, NAME, INSTANCE)


def test_a_worker_of_the_release_before_gets_no_plan_that_is_newer_than_itself(http: Http) -> None:
    http.world.set(
        CONFIG + 'job "newer" {\n  in_parallel {\n    task "t" {\n      run "exec" { path = "true" }\n    }\n  }\n}\n'
    )
    greeting = {"name": NAME, "instance": INSTANCE, "version": "0.0.9", "queues": ["jobs", "checks"], "concurrency": 2}
    asked: dict[str, Any] = {"headers": identity(http.token), "timeout": 5.0}
    worker = f"{http.url}/api/v1/worker"
    assert httpx.post(f"{worker}/register", content=msgspec.msgpack.encode(greeting), **asked).status_code == 200
    newer = http.world.services.builds.trigger(http.world.alice, "main", "p", "newer").id
    refused = httpx.post(f"{worker}/builds/{newer}/claim", **asked)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:pikoci:problem:conflict")
    assert http.world.build(newer).status == "pending"
    older = http.world.trigger()
    taken = httpx.post(f"{worker}/builds/{newer}/claim", **asked)
    assert msgspec.msgpack.decode(taken.content)["build"]["id"] == older
