"""Stores that lie, are slow, refuse or lead elsewhere; and who asks."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from gevent.event import Event

from pikoci.internal.domain.plan import PutStep
from tests.integration.internal.worker.resources.objects import KIND, get, put, resource
from tests.services.lying_server import LyingServer, lying_server
from tests.services.moto import ObjectStore
from tests.unit.internal.worker.bench_room import Room, task, wait_until

LIST = "<ListBucketResult><IsTruncated>{}</IsTruncated>{}<Contents><Key>a-1</Key></Contents></ListBucketResult>"
LOGIN = {"access_key_id": "key-id-of-tests", "secret_access_key": "secret-of-tests", "session_token": "token-of-tests"}


@pytest.fixture
def store() -> Generator[LyingServer]:
    """One that has the object `a-1` in the bucket `abc`."""
    with lying_server() as found:
        found.serve("/abc/", LIST.format("false", "").encode())
        found.serve("/abc/a-1", b"content", Content_Length="7")
        yield found


def params(store: LyingServer, **more: object) -> dict[str, object]:
    return {"bucket": "abc", "endpoint": store.address, "regexp": "a-(.*)", **more}


def error_of(room: Room, store: LyingServer, **more: object) -> str:
    found: str = room.check(resource(params(store, **more)), KIND).error
    return found


def test_nobody_asks_unless_the_params_name_somebody(
    room: Room, store: LyingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lying_server() as metadata:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "of-the-worker",
            "AWS_SECRET_ACCESS_KEY": "of-the-worker",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{metadata.address}/creds",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.address,
        }.items():
            monkeypatch.setenv(name, value)
        assert room.check(resource(params(store)), KIND).versions == [{"path": "a-1"}]
        assert get(room, params(store), {"path": "a-1"}, "cat object/a-1").log("2") == b"content"
        assert metadata.asked == []
    assert {given for *_, given in store.asked} == {""}


def test_who_asks_is_shown_to_the_store_alone(room: Room, store: LyingServer) -> None:
    assert room.check(resource(params(store, **LOGIN)), KIND).versions == [{"path": "a-1"}]
    [(_, path, given)] = store.asked
    assert given.startswith("AWS4-HMAC-SHA256 Credential=key-id-of-tests/")
    assert "x-amz-security-token" in given
    assert "secret-of-tests" not in given + path


def test_a_list_without_an_end_is_told(room: Room, store: LyingServer) -> None:
    more = "<NextContinuationToken>x</NextContinuationToken>"
    store.serve("/abc/", LIST.format("true", more).encode())
    assert "its list of objects has no end" in error_of(room, store)
    store.serve("/abc/", LIST.format("true", "").encode())
    assert "its list of objects has no end" in error_of(room, store)


@pytest.mark.parametrize(
    "body",
    [
        b"no xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
        b'<?xml version="1.0" encoding="x-none"?><a/>',
        b"\xff\xfe",
    ],
)
def test_a_list_that_is_none_is_told(room: Room, store: LyingServer, body: bytes) -> None:
    store.serve("/abc/", body)
    assert "its list of objects cannot be read" in error_of(room, store)


def test_a_bucket_elsewhere_says_where(room: Room, store: LyingServer) -> None:
    store.serve("/abc/", b"", 301, x_amz_bucket_region="eu-west-1")
    assert 'it is elsewhere; write region = "eu-west-1"' in error_of(room, store, **LOGIN)
    store.serve("/abc/", b"", 307, Location="http://localhost:1/abc/")
    assert "it is elsewhere; write its region and endpoint" in error_of(room, store, **LOGIN)


def test_a_store_that_is_busy_says_when_to_come_back(room: Room, store: LyingServer) -> None:
    store.serve("/abc/", b"<Error><Code>SlowDown</Code></Error>", 503, Retry_After="120")
    assert "it takes no more requests for now (503); it says to come back in 2m" in error_of(room, store)


def test_what_the_store_says_is_one_line(room: Room, store: LyingServer) -> None:
    body = b"<Error><Code>AccessDenied</Code><Message>not\nyou</Message><StringToSign>x</StringToSign></Error>"
    store.serve("/abc/", body, 403)
    assert error_of(room, store).endswith("it cannot be listed: it answers 403 (AccessDenied: not you)")


def test_an_object_of_another_size_is_refused(room: Room, store: LyingServer) -> None:
    answers = iter([(200, {"Content-Length": "9"}, b""), (200, {}, b"content")])
    store.answers["/abc/a-1"] = lambda: next(answers)
    record = get(room, params(store), {"path": "a-1"}, "ls object")
    assert '"a-1" has 9 bytes, and 7 came' in record.end.reason
    answers = iter([(200, {"Content-Length": "5"}, b""), (200, {}, b"content")])
    assert "the answer has more than 5 bytes" in get(room, params(store), {"path": "a-1"}).end.reason
    answers = iter([(200, {"Content-Length": str(1 << 60)}, b"")])
    assert "the worker's disk has room for" in get(room, params(store), {"path": "a-1"}).end.reason
    answers = iter([(200, {"ETag": '"x"'}, b""), (412, {}, b"")])
    assert '"a-1" was replaced while it was fetched' in get(room, params(store), {"path": "a-1"}).end.reason


def in_parts(store: LyingServer, part: object, done: bytes = b"<Error><Code>InternalError</Code></Error>") -> None:
    """Let the object take an upload in parts, of which `part` answers each."""
    begun = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"

    def answer() -> object:
        method, path, _ = store.asked[-1]
        if method == "POST":
            return (200, {}, begun if path.endswith("uploads=") else done)
        return part() if method == "PUT" and callable(part) else (204, {}, b"")

    store.answers["/abc/a-2"] = answer


def test_parts_that_cannot_be_put_together_are_removed(room: Room, store: LyingServer) -> None:
    in_parts(store, lambda: (200, {"ETag": '"e"'}, b""))
    record = put(room, params(store), "head -c 17000000 /dev/zero > a-2", file="a-2")
    assert 'the parts of "a-2" cannot be put together: it answers 200 (InternalError)' in record.end.reason
    assert [(method, path.partition("?")[2]) for method, path, _ in store.asked] == [
        ("POST", "uploads="),
        ("PUT", "partNumber=1&uploadId=u1"),
        ("PUT", "partNumber=2&uploadId=u1"),
        ("POST", "uploadId=u1"),
        ("DELETE", "uploadId=u1"),
    ]


def test_a_put_that_is_cancelled_removes_its_parts(room: Room, store: LyingServer) -> None:
    asked, never = Event(), Event()

    def silent() -> tuple[int, dict[str, str], bytes]:
        asked.set()
        never.wait(60)
        return 200, {}, b""

    in_parts(store, silent)
    record = room.submit(
        task("head -c 17000000 /dev/zero > a-2"),
        PutStep(id="2", name="object", resource="s3.object", params={"file": "a-2"}),
        resources=[resource(params(store))],
    )
    assert asked.wait(30)
    room.worker.cancel_all("somebody wants it")
    wait_until(lambda: record.ended)
    never.set()
    assert str(record.steps()["2"]) == "cancelled"
    assert ("DELETE", "/abc/a-2?uploadId=u1", "") in store.asked


def test_a_bucket_without_versions_is_told_to_a_put(room: Room, store: LyingServer, object_store: ObjectStore) -> None:
    store.serve("/abc/state", b"")
    given = {"bucket": "abc", "endpoint": store.address, "versioned_file": "state"}
    record = put(room, given, "touch state", file="state")
    assert '"state" is stored, but no version of it' in record.end.reason
