"""Versions as they enter from workers: checked, and saved without stopping everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pikoci.internal.domain.errors import InvalidError, TooLargeError
from pikoci.internal.domain.gateway import CheckResult
from pikoci.internal.domain.metadata import tidy
from pikoci.internal.service.plumbing.settings import ServiceSettings


def check_version(version: Mapping[str, object], max_size: int) -> None:
    """Raises InvalidError for a version that is empty or has an empty key, TooLargeError over `max_size` bytes."""
    if not version or not all(version):
        raise InvalidError("a version is a JSON object with at least one key, and no key is empty")
    if len(msgspec.json.encode(version)) > max_size:
        raise TooLargeError(f"a version has more than {max_size} bytes")


def check_versions(versions: Sequence[Mapping[str, object]], settings: ServiceSettings) -> str:
    """What is wrong with the versions that a check found, one sentence, or empty."""
    if len(versions) > settings.max_versions_per_check:
        return (
            f"the check found {len(versions):,} versions; at most {settings.max_versions_per_check:,} are taken at once"
        )
    try:
        for version in versions:
            check_version(version, settings.max_version_size)
    except InvalidError as error:
        return error.message
    return ""


def told(result: CheckResult, left: int, count: int) -> list[dict[str, str]]:
    """What the check told of the first `count` of its `left` last versions, tidied: empty where it told nothing."""
    start = len(result.metadata) - left
    return [tidy(result.metadata[place]) if place >= 0 else {} for place in range(start, start + count)]
