"""An image as one archive, which `docker load`, `podman load` and tools for OCI layouts take."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.registry_image.client import Registry
from pikoci.internal.worker.resources.registry_image.manifests import Manifest, Part, fetch, for_platform, place_of

_BLOCK = 512
_SPARE = 64 * 1024 * 1024  # of the disk, for everybody else
_OK = 200


def write_archive(
    call: ResourceCall,
    registry: Registry,
    digest: str,
    platform: Sequence[str],
    reference: str,
    *,
    suffix: str = ".tar",
) -> Path:
    """Fetch an image into a private file, and give its path. Of an index, the image for the platform. Raises StepError.

    It is an OCI layout that has Docker's own manifest.json beside it. `reference` is how the image will be called.
    """
    manifest, kind, body = fetch(registry, digest)
    if manifest.manifests is not None:
        digest, manifest, kind, body = _chosen(registry, manifest.manifests, platform)
    path, file = call.workspace.open_private(suffix)
    try:
        with file:
            _check_room(registry, manifest, path)
            _write(registry, manifest, Part(digest, len(body), kind), body, reference, file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _chosen(registry: Registry, parts: Sequence[Part], platform: Sequence[str]) -> tuple[str, Manifest, str, bytes]:
    part = for_platform(parts, platform)
    if part is None:
        there = sorted({str(one.platform) for one in parts if one.platform and one.platform.os != "unknown"})
        raise registry.fault(
            f"the image is not there for {'/'.join(platform)}, but for {', '.join(there) or 'nothing'}"
        )
    manifest, kind, body = fetch(registry, part.digest)
    if manifest.manifests is not None:
        raise registry.fault("its index of images leads to another index")
    return part.digest, manifest, kind, body


def _check_room(registry: Registry, manifest: Manifest, path: Path) -> None:
    wanted = sum(blob.size for blob in manifest.blobs)
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize - _SPARE
    if wanted > free:
        raise registry.fault(f"the image has {wanted:,} bytes, and the worker's disk has room for {max(0, free):,}")


def _write(registry: Registry, manifest: Manifest, own: Part, body: bytes, reference: str, file: BinaryIO) -> None:
    index = {"schemaVersion": 2, "manifests": [_entry(own, manifest, reference)]}
    assert manifest.config is not None
    saved = {
        "Config": place_of(manifest.config.digest),
        "RepoTags": [reference] if reference else [],
        "Layers": [place_of(layer.digest) for layer in manifest.layers],
    }
    for name, content in (
        ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        ("index.json", msgspec.json.encode(index)),
        ("manifest.json", msgspec.json.encode([saved])),
        (place_of(own.digest), body),
    ):
        _begin(file, name, len(content))
        file.write(content)
        _pad(file, len(content))
    for blob in manifest.blobs:
        _begin(file, place_of(blob.digest), blob.size)
        fetch_blob(registry, blob, file)
        _pad(file, blob.size)
    file.write(bytes(2 * _BLOCK))


def fetch_blob(registry: Registry, blob: Part, file: BinaryIO) -> None:
    """Write a blob, which is what its manifest says, into a file. Raises StepError."""
    target = _Hashed(file)
    answer = registry.download(f"blobs/{blob.digest}", cast("BinaryIO", target), blob.size)
    if answer.status != _OK:
        raise registry.refusal(answer, f"cannot get the blob {blob.digest}")
    if target.size != blob.size or target.digest != blob.digest:
        raise registry.fault(f"what it sends as the blob {blob.digest} is something else")


class _Hashed(io.RawIOBase):
    """Passes on what is written, and knows its digest."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._found, self.size = file, hashlib.sha256(), 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Pass it on."""
        self._found.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def digest(self) -> str:
        """Of everything so far."""
        return f"sha256:{self._found.hexdigest()}"


def _entry(own: Part, manifest: Manifest, reference: str) -> Mapping[str, object]:
    """The image in its layout's index."""
    name = {"org.opencontainers.image.ref.name": reference, "io.containerd.image.name": reference} if reference else {}
    return {"mediaType": own.media_type, "digest": own.digest, "size": own.size, "annotations": name}


def _begin(file: BinaryIO, name: str, size: int) -> None:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o644
    file.write(header.tobuf(tarfile.GNU_FORMAT))


def _pad(file: BinaryIO, size: int) -> None:
    file.write(bytes(-size % _BLOCK))
