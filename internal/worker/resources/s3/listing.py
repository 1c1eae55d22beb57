"""Which objects of a bucket, or versions of one object, are versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import gevent

from pikoci.internal.domain.object_key import KeyPattern
from pikoci.internal.domain.version_order import VersionKey, parse_version
from pikoci.internal.worker.resources.model import Version
from pikoci.internal.worker.resources.s3.client import Bucket, read_xml
from pikoci.internal.worker.tools.environment import text_of

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

_MOST_PAGES = 1000  # of 1000 keys each
#: The version of what was stored while a bucket kept none.
UNVERSIONED = "null"


def find_by_pattern(bucket: Bucket, pattern: KeyPattern, previous: Version | None, limit: int) -> list[Version]:
    """The objects whose keys match, after `previous` in the order of their versions; only the newest without one.

    Raises StepError.
    """
    known = text_of(previous.get("path")) if previous else ""
    before = parse_version(pattern.version_in(known) or "") if known else None
    found: list[tuple[VersionKey, str]] = []  # no more than is new: a bucket may hold a million
    odd, some = "", False
    for key in _keys(bucket, pattern.prefix):
        version = pattern.version_in(key)
        place = parse_version(version) if version is not None else None
        if place is None:
            odd = key if version is not None else odd
            continue
        some = True
        if before is None:
            found = [max([*found, (place, key)])]
        elif place >= before:
            found.append((place, key))
    if odd and not some:
        raise bucket.fault(f'what the group of regexp matches is no version such as 1.2.3, as in "{odd[:200]}"')
    keys = [key for _, key in sorted(found) if key != known]
    return [{"path": key} for key in keys[:limit]]


def find_by_version(bucket: Bucket, file: str, previous: Version | None, limit: int) -> list[Version]:
    """The versions of one object after `previous`, oldest first; only the newest without one, or when it is gone.

    Raises StepError.
    """
    known = text_of(previous.get("version_id")) if previous else ""
    newer: list[str] = []
    for version in _versions(bucket, file):
        if version == UNVERSIONED and not newer:
            raise bucket.fault(f'it keeps no versions of "{file}": turn versioning on, or use regexp')
        if version == known:
            return [{"version_id": one} for one in newer[::-1][:limit]]
        newer.append(version)
        if not known:
            break
    return [{"version_id": one} for one in newer[:1]]


def _keys(bucket: Bucket, prefix: str) -> Iterator[str]:
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
    for page in _pages(bucket, query, {"continuation-token": "NextContinuationToken"}):
        for entry in page.iter("Contents"):
            yield unquote_plus(entry.findtext("Key") or "")


def _versions(bucket: Bucket, file: str) -> Iterator[str]:
    """The ids of the versions of an object, the newest first."""
    query = {"versions": "", "encoding-type": "url", "prefix": file}
    marks = {"key-marker": "NextKeyMarker", "version-id-marker": "NextVersionIdMarker"}
    for page in _pages(bucket, query, marks):
        for entry in page.iter("Version"):
            if unquote_plus(entry.findtext("Key") or "") != file:
                return  # the keys come in order, and this one is the first that has its beginning
            yield entry.findtext("VersionId") or UNVERSIONED


def _pages(bucket: Bucket, query: dict[str, str], marks: dict[str, str]) -> Iterator[ET.Element]:
    """The pages of a list; each says by what the next one is asked for."""
    asked: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        answer = bucket.ask("GET", query={**query, **asked})
        page = read_xml(answer.body) if answer.ok else None
        if not answer.ok:
            raise bucket.refusal(answer, "it cannot be listed")
        if page is None:
            raise bucket.fault("its list of objects cannot be read")
        yield page
        gevent.sleep(0)
        if (page.findtext("IsTruncated") or "").lower() != "true":
            return
        told = {name: page.findtext(mark) or "" for name, mark in marks.items()}
        if "key-marker" in told:  # the one of these that is written as in an address
            told["key-marker"] = unquote_plus(told["key-marker"])
        following = {name: value for name, value in told.items() if value}
        if not following or following == asked:
            raise bucket.fault("its list of objects has no end")
        asked = following
    raise bucket.fault(f"more than {_MOST_PAGES * 1000:,} objects begin with that")
