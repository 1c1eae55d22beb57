"""Images in archives, as `docker save`, `podman save` and builders write them. They are read in place, never unpacked.

A build made the archive, so nothing in it is believed: sizes, names, links and digests may all be wrong.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

import gevent
import msgspec

from pikoci.internal.worker.resources.registry_image.client import MOST
from pikoci.internal.worker.resources.registry_image.manifests import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    ManifestError,
    Part,
    digest_of_bytes,
    kind_of,
    place_of,
    read_manifest,
)
from pikoci.internal.worker.resources.registry_image.members import ArchiveError, members_of
from pikoci.internal.worker.resources.section import Section

_PIECE = 256 * 1024
_DEEPEST = 3
_LAYERS = ((b"\x1f\x8b", f"{OCI_LAYER}+gzip"), (b"\x28\xb5\x2f\xfd", f"{OCI_LAYER}+zstd"))


@dataclass(frozen=True, slots=True)
class Image:
    """What is to be pushed: blobs by digest, then manifests in this order, each with its media type; the last is it."""

    blobs: Mapping[str, Section]
    manifests: list[tuple[str, str, bytes]]


class _SavedImage(msgspec.Struct, rename="pascal"):
    config: str
    layers: list[str] = []


class _Blobs:
    """The parts of an archive by their names, and of an image by their digests."""

    def __init__(self, members: Mapping[str, Section | str]) -> None:
        self._members = members
        self.blobs: dict[str, Section] = {}
        self.manifests: dict[str, tuple[str, str, bytes]] = {}

    def file(self, name: str) -> Section | None:
        """The file of this name; a link counts as what it leads to within the archive."""
        found = self._members.get(posixpath.normpath(name))
        if isinstance(found, str):
            found = self._members.get(posixpath.normpath(posixpath.join(posixpath.dirname(name), found)))
        return found if isinstance(found, Section) else None

    def small(self, name: str) -> bytes | None:
        """What a small file holds."""
        found = self.file(name)
        if found is not None and found.size > MOST:
            raise ArchiveError(f'"{name}" has {found.size} bytes, which is too much')
        return None if found is None else found.all()

    def add_manifest(self, part: Part, depth: int = 0) -> None:
        """Take a manifest in, after everything that it names."""
        if part.digest in self.manifests:
            return
        body = self.small(place_of(part.digest))
        if body is None or digest_of_bytes(body) != part.digest:
            raise ArchiveError(f"the manifest {part.digest} is missing, or is something else")
        manifest = read_manifest(body)
        if depth >= _DEEPEST:
            raise ArchiveError("its indexes lie too deep in one another")
        for inner in manifest.manifests or []:
            self.add_manifest(inner, depth + 1)
        for blob in manifest.blobs:
            self._add_blob(blob)
        self.manifests[part.digest] = (part.digest, kind_of(manifest, part.media_type), body)

    def _add_blob(self, blob: Part) -> None:
        found = self.file(place_of(blob.digest))
        if found is None or found.size != blob.size:
            raise ArchiveError(f"the blob {blob.digest} is missing, or has another size")
        self.blobs[blob.digest] = found


def read_image(file: int, size: int) -> Image:
    """The image in an open archive of so many bytes. Raises ArchiveError."""
    try:
        parts = _Blobs(members_of(file, size))
        index = parts.small("index.json")
        if index is not None:
            return _from_layout(parts, index)
        saved = parts.small("manifest.json")
        if saved is not None:
            return _from_docker(parts, saved)
    except ManifestError as error:
        raise ArchiveError(str(error)) from None
    raise ArchiveError("it holds neither index.json nor manifest.json: it is no image that was saved")


def _from_layout(parts: _Blobs, index: bytes) -> Image:
    found = read_manifest(index)
    tops = list({part.digest: part for part in found.manifests or []}.values())
    if len(tops) != 1:
        raise ArchiveError(f"it holds {len(tops)} images; a put pushes one")
    parts.add_manifest(tops[0])
    return Image(parts.blobs, list(parts.manifests.values()))


def _from_docker(parts: _Blobs, saved: bytes) -> Image:
    """A layout of Docker's own has no manifest, so one is made, with the layers as they are."""
    try:
        images = msgspec.json.decode(saved, type=list[_SavedImage])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ArchiveError("its manifest.json cannot be read") from None
    if len(images) != 1:
        raise ArchiveError(f"it holds {len(images)} images; a put pushes one")
    blobs: dict[str, Section] = {}
    made: list[Part] = []
    known: dict[int, str] = {}
    for number, name in enumerate((images[0].config, *images[0].layers)):
        section = parts.file(name)
        if section is None:
            raise ArchiveError(f'"{name[:200]}" is missing in it')
        if section.start not in known:
            known[section.start] = digest_of(section)
        digest = known[section.start]
        blobs[digest] = section
        made.append(Part(digest, section.size, _layer_kind(section) if number else OCI_CONFIG))
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _plain(made[0]),
        "layers": [_plain(layer) for layer in made[1:]],
    }
    body = msgspec.json.encode(manifest)
    read_manifest(body)
    return Image(blobs, [(digest_of_bytes(body), OCI_MANIFEST, body)])


def digest_of(section: Section) -> str:
    """The digest of what a section holds now."""
    found = hashlib.sha256()
    section.seek(0)
    while piece := section.read(_PIECE):
        found.update(piece)
        gevent.sleep(0)  # others have their turn
    section.seek(0)
    return f"sha256:{found.hexdigest()}"


def _layer_kind(section: Section) -> str:
    section.seek(0)
    start = section.read(4)
    return next((kind for magic, kind in _LAYERS if start.startswith(magic)), OCI_LAYER)


def _plain(part: Part) -> dict[str, object]:
    return {"mediaType": part.media_type, "digest": part.digest, "size": part.size}
