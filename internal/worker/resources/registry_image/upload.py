"""Pushing an image: its blobs, as far as the registry lacks them, then its manifests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, cast
from urllib.parse import quote, urljoin

from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.registry_image.archive import Image, digest_of
from pikoci.internal.worker.resources.registry_image.client import Registry
from pikoci.internal.worker.resources.section import Section

_BINARY = {"Content-Type": "application/octet-stream"}
_ACCEPTED, _NOT_FOUND = 202, 404
_SHORT = len("sha256:") + 12


def push_image(call: ResourceCall, registry: Registry, image: Image, tags: Sequence[str]) -> str:
    """Push an image under tags, and give its digest. Nothing is under a tag before all of it is there.

    Raises StepError.
    """
    for digest, blob in image.blobs.items():
        known = registry.ask("HEAD", f"blobs/{digest}")
        if known.ok:
            call.note(f"{digest[:_SHORT]} is there already")
            continue
        if known.status != _NOT_FOUND:
            raise registry.refusal(known, "cannot look for a blob")
        _push_blob(registry, digest, blob)
        call.note(f"{digest[:_SHORT]} pushed, {blob.size:,} bytes")
    *inner, (top, kind, body) = image.manifests
    for digest, inner_kind, inner_body in inner:
        _push_manifest(registry, digest, digest, inner_kind, inner_body)
    for tag in tags:
        _push_manifest(registry, tag, top, kind, body)
    return top


def _push_blob(registry: Registry, digest: str, blob: Section) -> None:
    # The registry checks this, too; but some keep what they were sent until they find out.
    if digest_of(blob) != digest:
        raise registry.fault(f"the image's blob {digest} is something else, so it was not pushed")
    begun = registry.ask("POST", "blobs/uploads/")
    location = begun.headers.get("location", "")
    if begun.status != _ACCEPTED or not location:
        raise registry.refusal(begun, "cannot push")
    url = urljoin(registry.address("blobs/uploads/"), location)
    if registry.address("").startswith("https:") and not url.startswith("https:"):
        raise registry.fault("it wants the image at an address without https")
    url = f"{url}{'&' if '?' in url else '?'}digest={quote(digest, safe='')}"
    done = registry.ask("PUT", url, headers=_BINARY, body=cast("BinaryIO", blob))
    if not done.ok:
        raise registry.refusal(done, f"cannot push the blob {digest}")


def _push_manifest(registry: Registry, place: str, digest: str, kind: str, body: bytes) -> None:
    done = registry.ask("PUT", f"manifests/{place}", headers={"Content-Type": kind}, body=body)
    if not done.ok:
        raise registry.refusal(done, f'cannot push "{place}"')
    told = done.headers.get("docker-content-digest", digest)
    if told != digest:
        raise registry.fault(f'what it stored as "{place}" is something else: {told[:100]}')
