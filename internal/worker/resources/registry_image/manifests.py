"""Manifests: what an image consists of, as a registry or an archive says it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from pikoci.internal.worker.resources.registry_image.client import MOST, Registry
from pikoci.internal.worker.resources.registry_image.source import is_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
_KINDS = (
    OCI_INDEX,
    OCI_MANIFEST,
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT = {"Accept": ", ".join(_KINDS)}
_MOST_PARTS = 2000


class ManifestError(ValueError):
    """It is no manifest that can be used; the text is one sentence."""


class Platform(msgspec.Struct):
    """What an image runs on."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Part(msgspec.Struct, rename="camel"):
    """A blob, or another manifest."""

    digest: str
    size: int
    media_type: str = ""
    platform: Platform | None = None


class Manifest(msgspec.Struct, rename="camel"):
    """An image, of `config` and `layers`, or an index of other `manifests`."""

    schema_version: int = 0
    media_type: str = ""
    config: Part | None = None
    layers: list[Part] = []
    manifests: list[Part] | None = None

    @property
    def blobs(self) -> list[Part]:
        """Everything that an image needs, each once."""
        parts = [self.config, *self.layers] if self.config is not None else self.layers
        return list({part.digest: part for part in parts}.values())


def read_manifest(body: bytes) -> Manifest:
    """The manifest in `body`. Raises ManifestError."""
    try:
        found = msgspec.json.decode(body, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ManifestError("what should be a manifest is none") from None
    if found.manifests is None and found.config is None:
        raise ManifestError("its manifest has neither a config nor other manifests; images of before 2016 are not read")
    parts = [*found.blobs, *(found.manifests or [])]
    if len(parts) > _MOST_PARTS:
        raise ManifestError(f"its manifest has more than {_MOST_PARTS} parts")
    for part in parts:
        if not is_digest(part.digest) or part.size < 0:
            raise ManifestError("its manifest names a part without a sha256 digest and a size")
    return found


def kind_of(manifest: Manifest, told: str = "") -> str:
    """The media type of a manifest: its own, or what was told of it."""
    kind = manifest.media_type or told.partition(";")[0].strip()
    return kind if kind in _KINDS else OCI_MANIFEST if manifest.manifests is None else OCI_INDEX


def place_of(digest: str) -> str:
    """Where a blob, or a manifest, lies in an OCI layout."""
    return f"blobs/{digest.replace(':', '/')}"


def digest_of_bytes(data: bytes) -> str:
    """The digest of a manifest or a small blob."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def fetch(registry: Registry, digest: str) -> tuple[Manifest, str, bytes]:
    """The manifest with this digest, its media type, and the bytes that have this digest. Raises StepError."""
    answer = registry.ask("GET", f"manifests/{digest}", headers=ACCEPT)
    if not answer.ok:
        raise registry.refusal(answer, f"there is no image {digest}")
    if digest_of_bytes(answer.body) != digest:
        raise registry.fault(f"what it sends as the manifest {digest} is something else")
    try:
        manifest = read_manifest(answer.body)
    except ManifestError as error:
        raise registry.fault(str(error)) from None
    return manifest, kind_of(manifest, answer.headers.get("content-type", "")), answer.body


def for_platform(parts: Sequence[Part], wanted: Sequence[str]) -> Part | None:
    """The image of an index that runs on a platform: operating system, architecture and perhaps its variant."""
    for part in parts:
        found = part.platform
        if found is None or part.size > MOST:
            continue
        if [found.os, found.architecture] == list(wanted[:2]) and (len(wanted) < 3 or found.variant == wanted[2]):
            return part
    return None
