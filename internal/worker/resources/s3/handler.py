"""Checking, fetching and storing objects."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from pikoci.internal.domain.object_key import KeyPatternError, checked_key
from pikoci.internal.worker.resources.build_files import open_matching, place
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.resources.s3.client import Bucket
from pikoci.internal.worker.resources.s3.listing import UNVERSIONED, find_by_pattern, find_by_version
from pikoci.internal.worker.resources.s3.source import S3Source, read_source, refusal
from pikoci.internal.worker.resources.s3.transfer import download, part_size, upload
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.interruption import interruptible
from pikoci.internal.worker.tools.outcome import StepError, failed

_STORED = {"content_type": "content-type", "acl": "x-amz-acl"}


class S3Type:
    """Versions are `{"path"}`, the key of an object, or `{"version_id"}` of the one object `versioned_file`."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """List the objects that match, or the versions of the one."""
        source, limit = read_source(call.params), call.settings.check_versions_limit

        def find() -> list[Version]:
            with Bucket(source, call.clock) as bucket:
                if source.pattern is not None:
                    return find_by_pattern(bucket, source.pattern, previous, limit)
                return find_by_version(bucket, source.versioned_file, previous, limit)

        return interruptible(call.lifetime, find)

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Fetch the object under the last part of its key, with its version and address beside it."""
        source = read_source(call.params)
        key, version_id = _object(source, version)
        told = version_id or (source.pattern.version_in(key) if source.pattern else "") or ""
        with Bucket(source, call.clock) as bucket:
            url = bucket.address(key, {"versionId": version_id} if version_id else None)
            files: dict[str, Path | str] = {"version": told, "url": url}
            if not call.params.get("skip_download"):
                name = posixpath.basename(key)
                files[name] = interruptible(call.lifetime, lambda: download(call, bucket, key, version_id))
        place(call, text_of(call.params.get("dir")) or call.resource.name, files)

    def push(self, call: ResourceCall) -> list[Version]:
        """Store one file: in the directory that `regexp` names, or as a new version of `versioned_file`."""
        source = read_source(call.params)
        path, file = open_matching(call, text_of(call.put_params.get("file")), "file")
        try:
            key = source.versioned_file or _new_key(source, path)
            size = os.fstat(file).st_size
            put = call.put_params
            more = {header: text_of(put[name]) for name, header in _STORED.items() if put.get(name)}

            def store() -> str:
                with Bucket(source, call.clock, largest=min(size, part_size(size))) as bucket:
                    version_id = upload(bucket, key, file, size, {**source.headers, **more})
                    if source.versioned_file and version_id in ("", UNVERSIONED):
                        raise bucket.fault(
                            f'"{key}" is stored, but no version of it: turn versioning on, or use regexp'
                        )
                    return version_id

            version_id = interruptible(call.lifetime, store)
        finally:
            os.close(file)
        call.note(f"stored {path} as {key}, {size:,} bytes")
        return [{"version_id": version_id} if source.versioned_file else {"path": key}]


def _object(source: S3Source, version: Version) -> tuple[str, str]:
    """The key, and the id of a version, that a version means."""
    if source.versioned_file:
        version_id = text_of(version.get("version_id"))
        if not version_id:
            raise StepError(failed('a version of versioned_file needs a "version_id"'))
        return source.versioned_file, version_id
    try:
        return checked_key(text_of(version.get("path"))), ""
    except KeyPatternError as error:
        raise refusal(error) from None


def _new_key(source: S3Source, name: str) -> str:
    assert source.pattern is not None
    key = f"{source.pattern.directory}{posixpath.basename(name)}"
    if source.pattern.version_in(key) is None:
        raise StepError(failed(f'"{key}" does not match regexp, so that no check would find it'))
    try:
        return checked_key(key)
    except KeyPatternError as error:
        raise refusal(error) from None
