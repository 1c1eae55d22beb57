"""Checking, fetching and pushing container images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pikoci.internal.worker.resources.build_files import open_matching, place, read_small
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.resources.registry_image.archive import Image, read_image
from pikoci.internal.worker.resources.registry_image.client import Registry
from pikoci.internal.worker.resources.registry_image.download import write_archive
from pikoci.internal.worker.resources.registry_image.members import ArchiveError
from pikoci.internal.worker.resources.registry_image.source import (
    LATEST,
    ImageSource,
    digest_of,
    platform_of,
    read_source,
    tag_of,
)
from pikoci.internal.worker.resources.registry_image.tags import find_versions
from pikoci.internal.worker.resources.registry_image.upload import push_image
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.interruption import interruptible
from pikoci.internal.worker.tools.outcome import StepError, failed

_MOST_TAGS_FILE = 64 * 1024
_MOST_TAGS = 100


class RegistryImageType:
    """Versions are `{"tag", "digest"}`; `digest` is the SHA-256 of the manifest that the registry gives for the tag."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """Look at the tag, or list the tags and look at the new ones."""
        source = read_source(call.params)

        def find() -> list[Version]:
            with Registry(source) as registry:
                return find_versions(registry, source, previous, call.settings.check_versions_limit)

        return interruptible(call.lifetime, find)

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Fetch the image with the version's digest, whatever its tag is at now."""
        source = read_source(call.params)
        digest, tag = digest_of(version.get("digest")), text_of(version.get("tag"))
        files: dict[str, Path | str] = {"repository": source.name, "tag": tag, "digest": digest}
        if not call.params.get("skip_download"):
            reference = f"{source.name}:{tag_of(tag)}" if tag else ""
            platform = platform_of(call.params)

            def fetch() -> Path:
                with Registry(source) as registry:
                    return write_archive(call, registry, digest, platform, reference)

            files["image.tar"] = interruptible(call.lifetime, fetch)
        place(call, text_of(call.params.get("dir")) or call.resource.name, files)

    def push(self, call: ResourceCall) -> list[Version]:
        """Push an archive under its tags."""
        source = read_source(call.params)
        tags = _tags(call, source)
        pattern = text_of(call.put_params.get("image"))
        name, file = open_matching(call, pattern, "image")
        try:
            digest = interruptible(call.lifetime, lambda: _push(call, source, name, file, tags))
        finally:
            os.close(file)
        call.note(f"pushed {name} to {source.name} as {', '.join(tags)}: {digest}")
        return [{"tag": tags[0], "digest": digest}]


def _push(call: ResourceCall, source: ImageSource, name: str, file: int, tags: list[str]) -> str:
    try:
        image: Image = read_image(file, os.fstat(file).st_size)
    except ArchiveError as error:
        raise StepError(failed(f'cannot push "{name}": {error}')) from None
    largest = max((blob.size for blob in image.blobs.values()), default=0)
    with Registry(source, push=True, largest=largest) as registry:
        return push_image(call, registry, image, tags)


def _tags(call: ResourceCall, source: ImageSource) -> list[str]:
    """The tags to push under, that of the resource first: it is the one that a check will find."""
    put = call.put_params
    version = text_of(put.get("version"))
    if version and source.variant:
        version = f"{version}-{source.variant}"
    wanted = [source.tag, text_of(put.get("tag")), version, *_additional(call, put)]
    tags = list(dict.fromkeys(tag_of(tag) for tag in wanted if tag))
    if not tags and source.follows_one_tag:
        return [LATEST]
    if not tags:
        raise StepError(failed("a put to this registry-image needs a tag or a version: the resource names none"))
    if len(tags) > _MOST_TAGS:
        raise StepError(failed(f"{len(tags)} tags; at most {_MOST_TAGS} are pushed"))
    return tags


def _additional(call: ResourceCall, put: Mapping[str, object]) -> list[str]:
    """More tags: a list, or the words of a file."""
    given = put.get("additional_tags")
    if isinstance(given, list | tuple):
        return [text_of(one) for one in given]
    path = text_of(given)
    return read_small(call, path, "additional_tags", _MOST_TAGS_FILE).split() if path else []
