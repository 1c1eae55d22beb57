"""Objects in a store that speaks S3, over TLS."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from tests.integration.internal.worker.resources.objects import KIND, get, put, resource
from tests.services.moto import SECRET, ObjectStore
from tests.unit.internal.worker.bench_room import Room

_names = count(1)


@pytest.fixture
def bucket(object_store: ObjectStore, tmp_path: Path) -> str:
    """A bucket that only this test has."""
    name = f"{tmp_path.parent.name}-{tmp_path.name}".lower().replace("_", "-")[-50:].strip("-") + str(next(_names))
    object_store.make_bucket(name)
    return name


@pytest.fixture
def versioned(object_store: ObjectStore, bucket: str) -> str:
    """A bucket that keeps versions."""
    object_store.make_bucket(f"{bucket}-v", versioned=True)
    return f"{bucket}-v"


def test_an_object_goes_there_and_back(room: Room, object_store: ObjectStore, bucket: str) -> None:
    params = object_store.params(bucket, regexp=r"releases/app-(.*)\.tgz")
    record = put(room, params, "mkdir out; echo one > out/app-1.2.3.tgz", file="out/app-*.tgz")
    assert record.end.status == "succeeded", record.end.reason
    assert [made.version for made in record.versions()] == [{"path": "releases/app-1.2.3.tgz"}]
    result = room.check(resource(params), KIND)
    assert result.versions == [{"path": "releases/app-1.2.3.tgz"}], result.error
    record = get(room, params, result.versions[0], "cd object; ls; cat version url; cat app-*")
    address = f"{object_store.endpoint}/{bucket}/releases/app-1.2.3.tgz"
    assert record.log("2").decode() == f"app-1.2.3.tgz\nurl\nversion\n1.2.3{address}one\n"
    assert SECRET.encode() not in record.log()


def test_objects_come_in_the_order_of_their_versions(room: Room, object_store: ObjectStore, bucket: str) -> None:
    params = object_store.params(bucket, regexp=r"a/app-(?P<version>\d+\.\d+\.\d+(-rc\.\d+)?) ü\+(\w+)\.zip")
    for version in ("1.9.0", "1.10.0", "1.2.0", "1.10.0-rc.1"):
        object_store.ask("PUT", f"/{bucket}/a/app-{version} ü%2Bx.zip", b"x")
    for other in ("a/app-9.9.9.zip", "a/app-x ü%2Bx.zip", "b/app-9.9.9 ü%2Bx.zip"):
        object_store.ask("PUT", f"/{bucket}/{other}", b"x")

    def found(previous: str = "") -> list[str]:
        before = {"path": f"a/app-{previous} ü+x.zip"} if previous else None
        result = room.check(resource(params), KIND, previous=before)
        assert not result.error
        return [version["path"].removeprefix("a/app-").removesuffix(" ü+x.zip") for version in result.versions]

    assert found() == ["1.10.0"]
    assert found("1.2.0") == ["1.9.0", "1.10.0-rc.1", "1.10.0"]
    assert found("1.10.0") == []
    record = get(room, params, {"path": "a/app-1.9.0 ü+x.zip"}, "cat 'object/app-1.9.0 ü+x.zip' object/version")
    assert record.log("2") == b"x1.9.0", record.end.reason


def test_versions_of_one_object(room: Room, object_store: ObjectStore, versioned: str) -> None:
    params = object_store.params(versioned, versioned_file="dir/state.json")
    made = []
    for text in ("one", "two", "three"):
        record = put(room, params, f"echo {text} > state", file="state", content_type="text/plain")
        assert record.end.status == "succeeded", record.end.reason
        made += [one.version for one in record.versions()]
    object_store.ask("PUT", f"/{versioned}/dir/state.json.bak", b"x")
    assert room.check(resource(params), KIND).versions == made[2:]
    assert room.check(resource(params), KIND, previous=made[0]).versions == made[1:]
    assert room.check(resource(params), KIND, previous=made[2]).versions == []
    assert room.check(resource(params), KIND, previous={"version_id": "gone"}).versions == made[2:]
    record = get(room, params, made[0], "cat object/state.json object/version")
    assert record.log("2").decode() == f"one\n{made[0]['version_id']}"
    head = object_store.ask("GET", f"/{versioned}/dir/state.json")
    assert head.headers["content-type"] == "text/plain"
    record = get(room, params, {"version_id": "12345"})
    assert record.end.status == "failed"
    assert '"dir/state.json"' in record.end.reason


def test_a_large_file_goes_in_parts(room: Room, object_store: ObjectStore, versioned: str) -> None:
    params = object_store.params(versioned, versioned_file="big")
    make = "head -c 34000000 /dev/urandom > big; sha256sum < big"
    record = put(room, params, make, file="big")
    assert record.end.status == "succeeded", record.end.reason
    [made] = record.versions()
    assert object_store.ask("GET", f"/{versioned}/big").headers["etag"].endswith('-3"')
    assert get(room, params, made.version, "sha256sum < object/big").log("2") == record.log("1")


@pytest.mark.parametrize(
    ("make", "given", "reason"),
    [
        (
            "touch a-1.tgz a-2.tgz",
            {"file": "a-*.tgz"},
            'file: "a-*.tgz" matches 2 files, such as "a-1.tgz" and "a-2.tgz"',
        ),
        ("true", {"file": "a-*.tgz"}, 'file: there is no file "a-*.tgz"'),
        ("touch b-1.tgz", {"file": "b-1.tgz"}, '"rel/b-1.tgz" does not match regexp'),
        ("ln -s /etc/passwd a-1.tgz", {"file": "a-1.tgz"}, 'file: there is no file "a-1.tgz"'),
        ("mkfifo a-1.tgz", {"file": "a-1.tgz"}, 'file: there is no file "a-1.tgz"'),
        ("mkdir a-1.tgz", {"file": "a-*"}, 'file: there is no file "a-*"'),
        ("true", {"file": "../a-1.tgz"}, '"../a-1.tgz" is not a path below the work directory'),
        ("true", {"file": "/etc/passwd"}, '"/etc/passwd" is not a path below the work directory'),
    ],
)
def test_a_file_that_cannot_be_stored_is_named(
    room: Room, object_store: ObjectStore, bucket: str, make: str, given: dict[str, object], reason: str
) -> None:
    params = object_store.params(bucket, regexp="rel/a-(.*).tgz")
    record = put(room, params, make, **given)
    assert record.end.status == "failed"
    assert reason in record.end.reason
    assert room.check(resource(params), KIND).versions == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"bucket": "no-such-bucket"}, "it cannot be listed: it answers 404 (NoSuchBucket"),
        ({"bucket": "../x"}, '"../x" is no name of a bucket'),
        ({"ca_cert": ""}, "the server's certificate is not trusted"),
        ({"regexp": "("}, '"(" is no regular expression'),
        ({"regexp": "a.tgz"}, '"a.tgz" has no group: put the version in parentheses'),
        ({"regexp": "app-(.*)"}, 'is no version such as 1.2.3, as in "app-x"'),
        ({"versioned_file": "x"}, "needs regexp or versioned_file, and not both"),
        ({"regexp": "", "versioned_file": "app-x"}, 'it keeps no versions of "app-x"'),
        ({"endpoint": "ftp://x"}, '"ftp://x" is no endpoint'),
        ({"secret_access_key": ""}, "access_key_id and secret_access_key belong together"),
    ],
)
def test_a_check_that_cannot_be_says_why(
    room: Room, object_store: ObjectStore, bucket: str, more: dict[str, object], reason: str
) -> None:
    object_store.ask("PUT", f"/{bucket}/app-x", b"x")
    params = object_store.params(bucket, regexp="rel/a-(.*).tgz")
    assert reason in room.check(resource({**params, **more}), KIND).error


def test_an_object_that_is_gone_fails_the_get(room: Room, object_store: ObjectStore, bucket: str) -> None:
    params = object_store.params(bucket, regexp="rel/a-(.*).tgz")
    record = get(room, params, {"path": "rel/a-1.tgz"})
    assert record.end.status == "failed"
    assert '"rel/a-1.tgz" is not there' in record.end.reason
    for path in ("rel/../../x", "rel/", "", "a\0b"):
        record = get(room, params, {"path": path})
        assert "is no key of a file" in record.end.reason


def test_without_download_nobody_is_asked(room: Room) -> None:
    params = {"bucket": "abc", "endpoint": "https://127.0.0.1:1", "regexp": "a-(.*)"}
    record = get(room, params, {"path": "a-1"}, "ls object; cat object/*", skip_download=True)
    assert record.log("2") == b"url\nversion\nhttps://127.0.0.1:1/abc/a-11"


def test_the_bucket_may_be_a_part_of_the_host(room: Room) -> None:
    params = {"bucket": "abc", "regexp": "a-(.*)", "region": "eu-central-1"}
    record = get(room, params, {"path": "a-1"}, "cat object/url", skip_download=True)
    assert record.log("2") == b"https://abc.s3.eu-central-1.amazonaws.com/a-1"
