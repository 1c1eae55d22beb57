"""Small images in archives, and resources of the type registry-image."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from pikoci.internal.domain.plan import GetStep, PutStep, Resource, ResourceType
from tests.unit.internal.worker.bench_room import Room, task
from tests.unit.internal.worker.fake_gateway import Record

KIND = ResourceType(name="registry-image", builtin="registry-image")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def packed(files: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A tar archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


class Image:
    """An image of one layer that holds one file, for a platform."""

    def __init__(self, text: str, platform: str = "linux/amd64") -> None:
        self.layer = packed({"hello": text.encode()})
        self.os, self.architecture, *_ = platform.split("/")
        rootfs = {"type": "layers", "diff_ids": [digest_of(self.layer)]}
        self.config = json.dumps({"architecture": self.architecture, "os": self.os, "rootfs": rootfs}).encode()
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": part("application/vnd.oci.image.config.v1+json", self.config),
                "layers": [part("application/vnd.oci.image.layer.v1.tar", self.layer)],
            }
        ).encode()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def blobs(self) -> dict[str, bytes]:
        return {blob(data): data for data in (self.layer, self.config, self.manifest)}

    def layout(self) -> dict[str, bytes | tarfile.TarInfo]:
        """The files of an OCI layout."""
        return layout({"manifests": [part(MANIFEST, self.manifest)]}, self)

    def saved(self) -> dict[str, bytes | tarfile.TarInfo]:
        """The files of an archive as Docker made them before it knew layouts, the layer by way of a link."""
        link = tarfile.TarInfo("second/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../first/layer.tar"
        saved = [{"Config": "config.json", "RepoTags": None, "Layers": ["second/layer.tar"]}]
        return {
            "first/layer.tar": self.layer,
            "second/layer.tar": link,
            "config.json": self.config,
            "manifest.json": json.dumps(saved).encode(),
        }


def part(kind: str, data: bytes, **more: object) -> dict[str, object]:
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **more}


def blob(data: bytes) -> str:
    return f"blobs/{digest_of(data).replace(':', '/')}"


def layout(index: Mapping[str, object], *images: Image) -> dict[str, bytes | tarfile.TarInfo]:
    files: dict[str, bytes | tarfile.TarInfo] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    for image in images:
        files |= image.blobs
    return {**files, "index.json": json.dumps({"schemaVersion": 2, **index}).encode()}


def resource(params: Mapping[str, object]) -> Resource:
    return Resource(type="registry-image", name="image", params=dict(params))


def put(room: Room, params: Mapping[str, object], archive: bytes, folder: Path, **given: object) -> Record:
    """Put an archive, which a task of the build made."""
    file = folder / "archive.tar"
    file.write_bytes(archive)
    file.chmod(0o644)
    return room.run_job(
        task(f"mkdir out && cp {file} out/image-1.tar"),
        PutStep(id="2", name="image", resource="registry-image.image", params={"image": "out/image-*.tar", **given}),
        resources=[resource(params)],
    )


def get(
    room: Room, params: Mapping[str, object], version: Mapping[str, object], script: str = "true", **given: object
) -> Record:
    """Get a version, and look at what came."""
    return room.run_job(
        GetStep(id="1", name="image", resource="registry-image.image", params=given),
        task(script, id="2"),
        resources=[resource(params)],
        inputs={"image": dict(version)},
    )
