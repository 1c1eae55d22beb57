"""Images in a real registry, over TLS and with a login."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import PutStep
from tests.integration.internal.worker.resources.images import (
    INDEX,
    KIND,
    MANIFEST,
    Image,
    blob,
    digest_of,
    get,
    layout,
    packed,
    part,
    put,
    resource,
)
from tests.services.image_registry import PASSWORD, ImageRegistry
from tests.unit.internal.worker.bench_room import Room, task

_names = count(1)


@pytest.fixture
def name(tmp_path: Path) -> str:
    """A repository that only this test has."""
    return f"{tmp_path.name.lower().replace('_', '-')}/{next(_names)}"


def pushed(room: Room, params: dict[str, object], image: Image, folder: Path, **given: object) -> dict[str, object]:
    record = put(room, params, packed(image.layout()), folder, **given)
    assert record.end.status == "succeeded", record.end.reason
    [made] = record.versions()
    return made.version


def test_an_image_goes_there_and_back(room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path) -> None:
    params, image = image_registry.params(name), Image("one")
    version = pushed(room, params, image, tmp_path)
    assert version == {"tag": "latest", "digest": image.digest}
    result = room.check(resource(params), KIND)
    assert result.versions == [version], result.error
    show = "cd image; ls; stat -c %a image.tar digest; cat tag digest repository; tar -xOf image.tar index.json"
    record = get(room, params, version, show)
    assert record.end.status == "succeeded", record.end.reason
    listed, _, index = record.log("2").decode().partition("{")
    assert listed == f"digest\nimage.tar\nrepository\ntag\n644\n644\nlatest{image.digest}{image_registry.host}/{name}"
    assert json.loads("{" + index)["manifests"][0]["digest"] == image.digest
    assert PASSWORD.encode() not in record.log()


def test_a_tag_that_moves_is_a_new_version(
    room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path
) -> None:
    params = image_registry.params(name, tag="stable")
    first = pushed(room, params, Image("one"), tmp_path)
    assert room.check(resource(params), KIND, previous=first).versions == []
    second = pushed(room, params, Image("two"), tmp_path)
    assert room.check(resource(params), KIND, previous=first).versions == [second]
    record = get(room, params, first, "tar -xOf image/image.tar manifest.json")
    assert json.loads(record.log("2"))[0]["RepoTags"] == [f"{image_registry.host}/{name}:stable"]
    assert Image("one").digest == first["digest"]


def test_tags_that_are_versions_come_in_their_order(
    room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path
) -> None:
    params = image_registry.params(name, semver="~1", pre_releases=True)
    digests = {}
    for tag in ("1.2.0", "1.10.0", "1.9.3", "1.11.0-rc.1", "2.0.0", "latest", "1.12.0-alpine"):
        image = Image(tag)
        digests[tag] = image.digest
        given = {"version": tag, "additional_tags": ["1.10"]} if tag == "1.10.0" else {"version": tag}
        assert pushed(room, params, image, tmp_path, **given)["tag"] == tag

    def found(previous: str = "", **more: object) -> list[str]:
        before = {"tag": previous, "digest": digests[previous]} if previous else None
        result = room.check(resource({**params, **more}), KIND, previous=before)
        assert not result.error
        for version in result.versions:
            assert version["digest"] == digests[version["tag"]]
        return [version["tag"] for version in result.versions]

    assert found() == ["1.11.0-rc.1"]
    assert found(pre_releases=False) == ["1.10.0"]
    assert found("1.2.0") == ["1.9.3", "1.10.0", "1.11.0-rc.1"]
    assert found("1.11.0-rc.1") == []
    assert found("1.2.0", semver="1.9.x || 2") == ["1.9.3", "2.0.0"]
    assert found(semver="*", variant="alpine") == ["1.12.0-alpine"]
    assert found(semver="", tag_regex=r"1\.(\d+)\.\d+") == ["1.10.0"]
    assert found("1.2.0", semver="", tag_regex=r"1\.(\d+)\.\d+") == ["1.9.3", "1.10.0"]
    assert found(semver="~7") == []
    pushed(room, params, Image("moved"), tmp_path, version="1.10.0")
    digests["1.10.0"] = Image("moved").digest
    before = {"tag": "1.10.0", "digest": Image("1.10.0").digest}
    moved = room.check(resource({**params, "pre_releases": False}), KIND, previous=before)
    assert moved.versions == [{"tag": "1.10.0", "digest": digests["1.10.0"]}]


def test_an_archive_without_a_manifest_gets_one(
    room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path
) -> None:
    params, image = image_registry.params(name), Image("saved")
    record = put(room, params, packed(image.saved()), tmp_path)
    assert record.end.status == "succeeded", record.end.reason
    [made] = record.versions()
    script = f"cd image && tar -xf image.tar && tar -xOf {blob(image.layer)} hello"
    assert get(room, params, made.version, script).log("2") == b"saved"


def test_of_an_index_all_is_pushed_and_one_fetched(
    room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path
) -> None:
    images = [Image("amd", "linux/amd64"), Image("arm", "linux/arm64")]
    parts = [part(MANIFEST, one.manifest, platform={"os": one.os, "architecture": one.architecture}) for one in images]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}).encode()
    files = layout({"manifests": [part(INDEX, index)]}, *images) | {blob(index): index}
    params = image_registry.params(name)
    record = put(room, params, packed(files), tmp_path)
    assert record.end.status == "succeeded", record.end.reason
    [made] = record.versions()
    assert made.version["digest"] == digest_of(index)
    for image in images:
        script = f"cd image && tar -xf image.tar && tar -xOf {blob(image.layer)} hello"
        shown = get(room, params, made.version, script, platform=f"linux/{image.architecture}").log("2")
        assert shown == image.layer[512:515]
    reason = get(room, params, made.version, platform="linux/riscv64").end.reason
    assert "the image is not there for linux/riscv64, but for linux/amd64, linux/arm64" in reason


def test_tags_come_from_the_resource_the_put_and_a_file(
    room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path
) -> None:
    params = image_registry.params(name, tag="edge")
    (tmp_path / "archive.tar").write_bytes(packed(Image("t").layout()))
    record = room.run_job(
        task(f"cp {tmp_path}/archive.tar . && printf 'a b\n edge\tc' > tags"),
        PutStep(
            id="2",
            name="image",
            resource="registry-image.image",
            params={"image": "archive.tar", "version": "1.2", "tag": "d", "additional_tags": "tags"},
        ),
        resources=[resource(params)],
    )
    assert record.end.status == "succeeded", record.end.reason
    assert record.versions()[0].version["tag"] == "edge"
    for tag in ("edge", "d", "1.2", "a", "b", "c"):
        result = room.check(resource({**params, "tag": tag}), KIND)
        assert result.versions == [{"tag": tag, "digest": Image("t").digest}]


def test_without_download_nobody_is_asked(room: Room, image_registry: ImageRegistry) -> None:
    params = {"repository": "127.0.0.1:1/no", "dir": "other/place"}
    version = {"tag": "1", "digest": Image("never").digest}
    record = get(room, params, version, "cd other/place && ls && cat tag", skip_download=True)
    assert record.log("2") == b"digest\nrepository\ntag\n1"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"password": "wrong-password"}, "it refuses the username and password for"),
        ({"username": "", "password": ""}, "is not there, or needs username and password"),
        ({"ca_cert": ""}, "the server's certificate is not trusted"),
        ({"ca_cert": "none"}, "ca_cert holds no certificate in PEM form"),
        ({"insecure": True}, "cannot look at the tag"),
        ({"tag": "nope"}, 'has no tag "nope"'),
        ({"semver": "x1"}, '"x1" is no constraint of versions'),
        ({"tag_regex": "("}, 'tag_regex: "(" is no regular expression'),
        ({"repository": "https://x/y"}, "is no repository of images"),
    ],
)
def test_a_check_that_cannot_be_says_why(
    room: Room, image_registry: ImageRegistry, name: str, tmp_path: Path, more: dict[str, object], reason: str
) -> None:
    params = image_registry.params(name)
    pushed(room, params, Image("one"), tmp_path)
    result = room.check(resource({**params, **more}), KIND)
    assert reason in result.error
    assert "password" not in more or str(more["password"]) not in result.error or not more["password"]


def test_an_image_that_is_gone_fails_the_get(room: Room, image_registry: ImageRegistry, name: str) -> None:
    version = {"tag": "latest", "digest": Image("gone").digest}
    record = get(room, image_registry.params(name), version)
    assert record.end.status == "failed"
    assert f"there is no image {version['digest']}: it answers 404 (" in record.end.reason
    record = get(room, image_registry.params(name), {"tag": "latest", "digest": "sha256:1"})
    assert "sha256:<64 hex digits>" in record.end.reason
