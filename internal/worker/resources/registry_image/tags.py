"""Which tags of a repository are versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from pikoci.internal.domain.version_order import Constraint, ConstraintError, VersionKey, parse_version
from pikoci.internal.worker.resources.model import Version
from pikoci.internal.worker.resources.registry_image.client import Registry
from pikoci.internal.worker.resources.registry_image.manifests import ACCEPT, digest_of_bytes
from pikoci.internal.worker.resources.registry_image.source import LATEST, ImageSource, is_digest
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

_PAGE, _MOST_TAGS = 1000, 100_000
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_PRE_RELEASE = re.compile(r"-(alpha|beta|rc|pre|dev)", re.IGNORECASE)
_NOT_FOUND = 404


class _Page(msgspec.Struct):
    tags: list[str] | None = None


def find_versions(registry: Registry, source: ImageSource, previous: Version | None, limit: int) -> list[Version]:
    """The versions after `previous`, oldest first; only the newest without one. Raises StepError."""
    if source.follows_one_tag:
        tag = source.tag or LATEST
        digest = digest_of_tag(registry, tag)
        if digest is None:
            raise registry.fault(f'{source.repository.path} has no tag "{tag}"')
        return _news([{"tag": tag, "digest": digest}], previous)
    ordered = sorted(_wanted(source, list_tags(registry, source)).items())
    before = _key(source, text_of(previous.get("tag"))) if previous else None
    # The known tag again, too: its image may be another one now.
    ordered = ordered[-1:] if before is None else [one for one in ordered if one[0] >= before][:limit]
    found: dict[str, Version] = {}
    for _, tag in ordered:
        digest = digest_of_tag(registry, tag)
        if digest is not None:  # else it went while we looked
            found.pop(digest, None)  # `1.2` beside `1.2.3`
            found[digest] = {"tag": tag, "digest": digest}
    return _news(list(found.values()), previous)


def digest_of_tag(registry: Registry, tag: str) -> str | None:
    """The digest of what a tag is at; None if there is no such tag. Raises StepError."""
    for method in ("HEAD", "GET"):
        answer = registry.ask(method, f"manifests/{tag}", headers=ACCEPT)
        if answer.status == _NOT_FOUND:
            return None
        if not answer.ok:
            raise registry.refusal(answer, f'cannot look at the tag "{tag}"')
        told = answer.headers.get("docker-content-digest", "")
        if is_digest(told):
            return told
        if answer.body:
            return digest_of_bytes(answer.body)
    raise registry.fault(f'it gives neither digest nor manifest of the tag "{tag}"')


def list_tags(registry: Registry, source: ImageSource) -> Iterator[str]:
    """All tags, page by page. Raises StepError, also for what has no end."""
    known: set[str] = set()
    place = f"tags/list?n={_PAGE}"
    while place:
        answer = registry.ask("GET", place)
        if not answer.ok:
            raise registry.refusal(answer, f"cannot list the tags of {source.repository.path}")
        try:
            tags = msgspec.json.decode(answer.body, type=_Page).tags or []
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise registry.fault("its list of tags is none") from None
        fresh = [tag for tag in tags if tag not in known]
        known.update(fresh)
        if len(known) > _MOST_TAGS:
            raise registry.fault(f"{source.repository.path} has more than {_MOST_TAGS} tags")
        yield from fresh
        place = _next(registry, answer.headers.get("link", ""))
        if place and not fresh:
            raise registry.fault("its list of tags has no end")


def _next(registry: Registry, link: str) -> str:
    found = _NEXT.search(link)
    if found is None:
        return ""
    place = found[1] if found[1].startswith(("/", "http")) else f"/{found[1]}"
    address = registry.address(place)
    if not registry.is_own(address):
        raise registry.fault("its list of tags goes on at another address")
    return address


def _wanted(source: ImageSource, tags: Iterator[str]) -> dict[VersionKey, str]:
    """The tags that count, by their place in the order; of `1.2` and `1.2.0`, the one that says more."""
    try:
        constraint = Constraint(source.semver) if source.semver else None
    except ConstraintError as error:
        raise StepError(failed(f"semver: {error}")) from None
    found: dict[VersionKey, str] = {}
    for tag in tags:
        key = _key(source, tag)
        if key is not None and (constraint is None or constraint.allows(key)):
            found[key] = max(found.get(key, ""), tag, key=len)
    return found


def _key(source: ImageSource, tag: str) -> VersionKey | None:
    """The place of a tag in the order; None if it does not count."""
    if source.tag_regex:
        match = _pattern(source.tag_regex).fullmatch(tag)
        return None if match is None else parse_version((match[1] or "") if match.re.groups else tag)
    if source.variant:
        if not tag.endswith(f"-{source.variant}"):
            return None
        tag = tag.removesuffix(f"-{source.variant}")
    key = parse_version(tag)
    if key is None or (key.pre and not (source.pre_releases and _PRE_RELEASE.search(tag))):
        return None
    return key


def _pattern(text: str) -> Any:
    import re2  # what matches in linear time, whatever the pattern is

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error:
        raise StepError(failed(f'tag_regex: "{text}" is no regular expression')) from None


def _news(found: list[Version], previous: Version | None) -> list[Version]:
    return [version for version in found if version != previous]
