"""Images in a real registry, over TLS and with a login."""

from __future__ import annotations

import json
import tarfile
from itertools import count
from pathlib import Path

import pytest

from tests.integration.internal.worker.resources.images import (
    INDEX,
    KIND,
    MANIFEST,
    Image,
    get,
    layout,
    packed,
    part,
    put,
    resource,
)
from tests.services.image_registry import PASSWORD, ImageRegistry
from tests.unit.internal.worker.bench_room import Room

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
