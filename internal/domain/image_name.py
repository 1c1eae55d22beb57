"""Names of container images and their parts, by the rules of the distribution specification and Docker."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?", re.ASCII)
_LONGEST = 255
_HUB, _HUB_HOST = "docker.io", "registry-1.docker.io"


class ImageNameError(ValueError):
    """It is no name; the text is one sentence for people, `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Repository:
    """Where images are: the registry's host, with its port if it has one, and the path there."""

    host: str
    path: str


def parse_repository(name: str) -> Repository:
    """The repository that `name` means: `alpine` and `team/app` lie on Docker Hub. Raises ImageNameError."""
    if "@" in name:
        raise ImageNameError(f'"{name}" holds a digest', "write the name alone: which versions count follows from tag")
    first, slash, rest = name.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    host, path = (first, rest) if named else (_HUB, name)
    bare, colon, tag = path.rpartition(":")
    if colon and _TAG.fullmatch(tag) and _PATH.fullmatch(bare):
        prefix = f"{first}/" if named else ""
        raise ImageNameError(f'"{name}" holds a tag', f'write repository = "{prefix}{bare}" and tag = "{tag}"')
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(path) or len(name) > _LONGEST:
        raise ImageNameError(f'"{name}" is no repository of images', "write HOST/NAME in lower case, without https://")
    if host in (_HUB, f"index.{_HUB}", _HUB_HOST):
        return Repository(_HUB_HOST, path if "/" in path else f"library/{path}")
    return Repository(host, path)


def checked_tag(tag: str) -> str:
    """`tag`, if it can be one. Raises ImageNameError."""
    if not _TAG.fullmatch(tag):
        raise ImageNameError(f'"{tag[:130]}" is no tag', "a tag has up to 128 letters, digits, _, . and -")
    return tag


def checked_platform(platform: str) -> str:
    """`platform`, if it can be one, such as `linux/arm64`. Raises ImageNameError."""
    if not _PLATFORM.fullmatch(platform):
        raise ImageNameError(f'"{platform}" is no platform', 'write it as "linux/arm64" or "linux/arm/v7"')
    return platform
