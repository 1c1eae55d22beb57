"""Objects on their way out of a bucket and into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import gevent

from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.resources.s3.client import Bucket, read_xml
from pikoci.internal.worker.resources.section import Section
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.pkg.web import Answer

_PART, _MOST_PARTS = 16 * 1024 * 1024, 9000
_SPARE = 64 * 1024 * 1024  # of the disk, for everybody else
_PATIENCE = 5.0
_OK, _NOT_FOUND, _CHANGED = 200, 404, 412


class _LateError(Exception):
    """The store does not answer soon enough."""


def download(call: ResourceCall, bucket: Bucket, key: str, version_id: str) -> Path:
    """Fetch an object, or one version of it, into a private file, and give its path. Raises StepError."""
    query = {"versionId": version_id} if version_id else {}
    found = bucket.ask("HEAD", key, query)
    if not found.ok:
        raise _missing(bucket, found, key, version_id)
    size = int(length) if (length := found.headers.get("content-length", "")).isdecimal() else 0
    path, file = call.workspace.open_private(".object")
    try:
        with file:
            disk = os.statvfs(path)
            free = max(0, disk.f_bavail * disk.f_frsize - _SPARE)
            if size > free:
                raise bucket.fault(f'"{key}" has {size:,} bytes, and the worker\'s disk has room for {free:,}')
            etag = found.headers.get("etag", "")
            answer = bucket.download(key, query, {"if-match": etag} if etag else {}, file, size)
            if answer.status == _CHANGED:
                raise bucket.fault(f'"{key}" was replaced while it was fetched')
            if answer.status != _OK:
                raise _missing(bucket, answer, key, version_id)
            if file.tell() != size:
                raise bucket.fault(f'"{key}" has {size:,} bytes, and {file.tell():,} came')
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def upload(bucket: Bucket, key: str, file: int, size: int, headers: Mapping[str, str]) -> str:
    """Store an open file, and give its version's id, empty where the bucket keeps none. Raises StepError."""
    if size <= _PART:
        answer = bucket.ask("PUT", key, headers=headers, body=Section(file, 0, size))
        if not answer.ok:
            raise bucket.refusal(answer, f'"{key}" cannot be stored')
        return answer.headers.get("x-amz-version-id", "")
    begun = bucket.ask("POST", key, {"uploads": ""}, headers=headers)
    upload_id = _text(begun, "UploadId")
    if not begun.ok or not upload_id:
        raise bucket.refusal(begun, f'"{key}" cannot be stored in parts')
    try:
        return _upload_parts(bucket, key, upload_id, file, size)
    except BaseException:
        _remove_parts(bucket, key, upload_id)
        raise


def part_size(size: int) -> int:
    """So many bytes in each part that there are not too many of them."""
    return max(_PART, -(-size // _MOST_PARTS))


def _upload_parts(bucket: Bucket, key: str, upload_id: str, file: int, size: int) -> str:
    each = part_size(size)
    parts = []
    for number, start in enumerate(range(0, size, each), start=1):
        section = Section(file, start, min(each, size - start))
        sent = bucket.ask("PUT", key, {"partNumber": str(number), "uploadId": upload_id}, body=section)
        etag = sent.headers.get("etag", "")
        if not sent.ok or not etag:
            raise bucket.refusal(sent, f'part {number} of "{key}" cannot be stored')
        parts.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{_escaped(etag)}</ETag></Part>")
    body = f"<CompleteMultipartUpload>{''.join(parts)}</CompleteMultipartUpload>".encode()
    done = bucket.ask("POST", key, {"uploadId": upload_id}, headers={"content-type": "application/xml"}, body=body)
    document = read_xml(done.body)
    if not done.ok or document is None or document.tag == "Error":  # which comes with a 200, too
        raise bucket.refusal(done, f'the parts of "{key}" cannot be put together')
    return done.headers.get("x-amz-version-id", "")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _remove_parts(bucket: Bucket, key: str, upload_id: str) -> None:
    """Remove what was sent, which costs its owner money, unless the store is as slow as the step that was stopped."""
    with suppress(StepError, _LateError), gevent.Timeout(_PATIENCE, _LateError):
        bucket.ask("DELETE", key, {"uploadId": upload_id})


def _missing(bucket: Bucket, answer: Answer, key: str, version_id: str) -> Exception:
    if answer.status == _NOT_FOUND:
        return bucket.fault(f'"{key}" is not there' + (f" in the version {version_id[:100]}" if version_id else ""))
    return bucket.refusal(answer, f'"{key}" cannot be fetched')


def _text(answer: Answer, name: str) -> str:
    document = read_xml(answer.body)
    return "" if document is None else document.findtext(name) or ""
