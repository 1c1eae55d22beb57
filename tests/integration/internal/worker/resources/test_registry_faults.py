"""Registries that lie, are slow, refuse or lead elsewhere."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from pikoci.internal.domain.plan import GetStep
from tests.integration.internal.worker.resources.images import (
    INDEX,
    KIND,
    MANIFEST,
    Image,
    digest_of,
    get,
    packed,
    put,
    resource,
)
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.lying_server import LyingServer, endless, lying_server
from tests.unit.internal.worker.bench_room import Room, wait_until

IMAGE = Image("x")
VERSION = {"tag": "latest", "digest": IMAGE.digest}
LAYER, CONFIG = (f"/v2/app/blobs/{digest_of(data)}" for data in (IMAGE.layer, IMAGE.config))
TOKEN = "t0ken-of-the-registry"


@pytest.fixture
def registry() -> Generator[LyingServer]:
    """One that has the image `app:latest`."""
    with lying_server() as found:
        for place in (IMAGE.digest, "latest"):
            found.serve(f"/v2/app/manifests/{place}", IMAGE.manifest, Content_Type=MANIFEST)
        found.serve(LAYER, IMAGE.layer)
        found.serve(CONFIG, IMAGE.config)
        yield found


def params(registry: LyingServer, **more: object) -> dict[str, object]:
    return {"repository": registry.address.removeprefix("http://") + "/app", "insecure": True, **more}


def refusal(room: Room, registry: LyingServer, version: Mapping[str, object] = VERSION, **given: object) -> str:
    """The reason for which a get fails, which leaves nothing of the image."""
    record = get(room, params(registry, **given), version)
    assert str(record.end.status) == "failed"
    return record.end.reason


def test_one_that_does_not_lie_will_do(room: Room, registry: LyingServer) -> None:
    assert room.check(resource(params(registry)), KIND).versions == [VERSION]
    assert get(room, params(registry), VERSION, "ls image").log("2") == b"digest\nimage.tar\nrepository\ntag\n"


def test_a_wrong_manifest_is_refused(room: Room, registry: LyingServer) -> None:
    registry.serve(f"/v2/app/manifests/{IMAGE.digest}", Image("y").manifest, Content_Type=MANIFEST)
    assert f"what it sends as the manifest {IMAGE.digest} is something else" in refusal(room, registry)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"x" * len(IMAGE.layer), "is something else"),
        (IMAGE.layer[:-1], "is something else"),
        (IMAGE.layer + b"x", f"the answer has more than {len(IMAGE.layer):,} bytes"),
    ],
)
def test_a_wrong_blob_is_refused(room: Room, registry: LyingServer, body: bytes, reason: str) -> None:
    registry.serve(LAYER, body)
    assert reason in refusal(room, registry)


def test_a_blob_without_an_end_is_cut(room: Room, registry: LyingServer) -> None:
    registry.answers[LAYER] = lambda: (200, {}, endless())
    assert f"the answer has more than {len(IMAGE.layer):,} bytes" in refusal(room, registry)


def test_a_manifest_without_an_end_is_cut(room: Room, registry: LyingServer) -> None:
    registry.answers[f"/v2/app/manifests/{IMAGE.digest}"] = lambda: (200, {}, endless())
    assert "the answer has more than 4,194,304 bytes" in refusal(room, registry)


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (b"no json", "what should be a manifest is none"),
        (b'{"schemaVersion":1,"fsLayers":[]}', "neither a config nor other manifests"),
        (b'{"config":{"digest":"../../x","size":1}}', "without a sha256 digest and a size"),
        (json.dumps({"config": {"digest": digest_of(b""), "size": -1}}).encode(), "without a sha256 digest and a size"),
        (json.dumps({"manifests": [{"digest": digest_of(b""), "size": 1}] * 2001}).encode(), "more than 2000 parts"),
        (
            json.dumps({"config": {"digest": digest_of(b""), "size": 1 << 60}}).encode(),
            "the worker's disk has room for",
        ),
        (json.dumps({"manifests": []}).encode(), "the image is not there for linux/amd64, but for nothing"),
    ],
)
def test_what_is_no_manifest_is_refused(room: Room, registry: LyingServer, manifest: bytes, reason: str) -> None:
    registry.serve(f"/v2/app/manifests/{digest_of(manifest)}", manifest)
    assert reason in refusal(room, registry, {"tag": "t", "digest": digest_of(manifest)}, platform="linux/amd64")


def test_an_index_in_an_index_is_refused(room: Room, registry: LyingServer) -> None:
    inner = json.dumps({"manifests": []}).encode()
    entry = {"digest": digest_of(inner), "size": len(inner), "platform": {"os": "linux", "architecture": "amd64"}}
    outer = json.dumps({"mediaType": INDEX, "manifests": [entry]}).encode()
    for one in (inner, outer):
        registry.serve(f"/v2/app/manifests/{digest_of(one)}", one)
    version = {"tag": "t", "digest": digest_of(outer)}
    assert "leads to another index" in refusal(room, registry, version, platform="linux/amd64")


def test_a_list_of_tags_without_an_end_is_told(room: Room, registry: LyingServer) -> None:
    page = json.dumps({"tags": ["1.0.0"]}).encode()
    registry.serve("/v2/app/tags/list", page, Link="</v2/app/tags/list?n=1000&last=1.0.0>; rel=next")
    assert "its list of tags has no end" in room.check(resource(params(registry, semver="*")), KIND).error


def test_a_list_of_tags_does_not_go_on_elsewhere(room: Room, registry: LyingServer) -> None:
    page = json.dumps({"tags": ["1.0.0"]}).encode()
    registry.serve("/v2/app/tags/list", page, Link='<http://localhost:1/v2/app/tags/list>; rel="next"')
    assert (
        "its list of tags goes on at another address" in room.check(resource(params(registry, semver="*")), KIND).error
    )


def test_pages_of_tags_are_followed(room: Room, registry: LyingServer) -> None:
    pages: Iterator[tuple[int, dict[str, str], bytes]] = iter(
        [
            (200, {"Link": '</v2/app/tags/list?n=1000&last=1.0.0>; rel="next"'}, b'{"tags":["1.0.0"]}'),
            (200, {}, b'{"tags":["1.1.0"]}'),
        ]
    )
    registry.answers["/v2/app/tags/list"] = lambda: next(pages)
    registry.serve("/v2/app/manifests/1.1.0", b"", Docker_Content_Digest=IMAGE.digest)
    result = room.check(resource(params(registry, semver="*")), KIND)
    assert result.versions == [{"tag": "1.1.0", "digest": IMAGE.digest}], result.error
    assert ("GET", "/v2/app/tags/list?n=1000&last=1.0.0", "") in registry.asked


def test_a_token_is_had_where_the_registry_says(room: Room, registry: LyingServer) -> None:
    registry.token, registry.login = TOKEN, "user:pass-word"
    login = params(registry, username="user", password="pass-word")
    assert room.check(resource(login), KIND).versions == [VERSION]
    assert registry.asked[1][1] == "/token?service=s&scope=repository%3Aapp%3Apull"
    record = get(room, login, VERSION, "cat image/*")
    assert str(record.end.status) == "succeeded", record.end.reason
    assert TOKEN.encode() not in record.log()
    wrong = room.check(resource(params(registry, username="user", password="wrong-one")), KIND)
    assert "it refuses the username and password for app" in wrong.error
    nobody = room.check(resource(params(registry)), KIND)
    assert "app is not there, or needs username and password" in nobody.error


def test_a_login_that_is_never_good_ends(room: Room, registry: LyingServer) -> None:
    registry.token, registry.login = TOKEN, "user:pass-word"
    registry.serve("/v2/app/manifests/latest", b"", 401, WWW_Authenticate=f'Bearer realm="{registry.address}/token"')
    result = room.check(resource(params(registry, username="user", password="pass-word")), KIND)
    assert "it refuses the username and password for app" in result.error
    assert len(registry.asked) <= 6


@pytest.mark.parametrize("realm", ["http://localhost:1/token", "file:///etc/passwd", "//x/token", "", "https:///x"])
def test_credentials_are_not_given_to_anybody(room: Room, registry: LyingServer, realm: str) -> None:
    registry.serve("/v2/app/manifests/latest", b"", 401, WWW_Authenticate=f'Bearer realm="{realm}",service="s"')
    result = room.check(resource(params(registry, username="user", password="pass-word")), KIND)
    assert "from an address that is neither https nor its own" in result.error or "address" in result.error
    assert [given for *_, given in registry.asked] == [""]


def test_a_blob_that_lies_elsewhere_costs_no_credentials(room: Room, registry: LyingServer) -> None:
    registry.token, registry.login = TOKEN, "user:pass-word"
    with lying_server() as store:
        store.serve("/store", IMAGE.layer)
        registry.serve(LAYER, b"", 307, Location=f"{store.address}/store".replace("127.0.0.1", "localhost"))
        record = get(room, params(registry, username="user", password="pass-word"), VERSION)
        assert str(record.end.status) == "succeeded", record.end.reason
        assert store.asked == [("GET", "/store", "")]


@pytest.mark.parametrize(
    ("headers", "words"), [({"Retry_After": "90"}, "429); it says to come back in 1m30s"), ({}, "for now (429)")]
)
def test_a_limit_of_requests_says_when_to_come_back(
    room: Room, registry: LyingServer, headers: dict[str, str], words: str
) -> None:
    registry.serve("/v2/app/manifests/latest", b"", 429, **headers)
    registry.serve(LAYER, b"", 429, **headers)
    assert words in room.check(resource(params(registry)), KIND).error
    assert words in refusal(room, registry)


def test_denied_says_what_the_registry_says(room: Room, registry: LyingServer) -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "the plan\nhas ended"}]}).encode()
    registry.serve("/v2/app/manifests/latest", body, 403)
    registry.serve(f"/v2/app/manifests/{IMAGE.digest}", body, 403)
    assert "access to app is denied: it answers 403 (DENIED: the plan has ended)" in refusal(room, registry)


def test_a_get_that_waits_can_be_cancelled(room: Room, registry: LyingServer) -> None:
    asked, never = Event(), Event()

    def silent() -> tuple[int, dict[str, str], bytes]:
        asked.set()
        never.wait(60)
        return 200, {}, b""

    registry.answers[LAYER] = silent
    record = room.submit(
        GetStep(id="1", name="image", resource="registry-image.image"),
        resources=[resource(params(registry))],
        inputs={"image": dict(VERSION)},
    )
    assert asked.wait(30)
    room.worker.cancel_all("somebody wants it")
    wait_until(lambda: record.ended)
    never.set()
    gevent.sleep(0)
    assert str(record.steps()["1"]) == "cancelled"


def test_a_get_has_the_time_of_its_step(room: Room, registry: LyingServer) -> None:
    never = Event()

    def silent() -> tuple[int, dict[str, str], bytes]:
        never.wait(60)
        return 200, {}, b""

    registry.answers[LAYER] = silent
    record = room.run_job(
        GetStep(id="1", name="image", resource="registry-image.image", timeout=0.3),
        resources=[resource(params(registry))],
        inputs={"image": dict(VERSION)},
    )
    never.set()
    assert "timed out" in record.end.reason


def test_a_blob_that_is_to_go_elsewhere_costs_no_credentials(room: Room, registry: LyingServer, tmp_path: Path) -> None:
    registry.token, registry.login = TOKEN, "user:pass-word"
    for place in (LAYER, CONFIG):
        registry.serve(place, b"", 404)
    with lying_server() as store:
        store.serve("/up", b"", 201)
        registry.serve("/v2/app/blobs/uploads/", b"", 202, Location=f"{store.address}/up?a=b")
        login = params(registry, username="user", password="pass-word")
        record = put(room, login, packed(IMAGE.layout()), tmp_path)
        assert str(record.end.status) == "succeeded", record.end.reason
        assert [(method, given) for method, _, given in store.asked] == [("PUT", "")] * 2
        assert all("?a=b&digest=sha256%3A" in path for _, path, _ in store.asked)
        registry.serve("/v2/app/manifests/latest", b"", 201, Docker_Content_Digest=digest_of(b"other"))
        assert (
            'what it stored as "latest" is something else'
            in put(room, login, packed(IMAGE.layout()), tmp_path).end.reason
        )


def test_a_blob_goes_to_no_plain_address_where_the_registry_has_https(room: Room, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    with lying_server(tmp_path) as registry, lying_server() as store:
        registry.serve("/v2/app/blobs/uploads/", b"", 202, Location=f"{store.address}/up")
        store.serve("/up", b"", 201)
        given = {
            "repository": registry.address.removeprefix("https://") + "/app",
            "ca_cert": (tmp_path / AUTHORITY).read_text(),
        }
        record = put(room, given, packed(IMAGE.layout()), tmp_path)
        assert "it wants the image at an address without https" in record.end.reason
        assert store.asked == []
