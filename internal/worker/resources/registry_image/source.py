"""The params of a registry-image, checked."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

import msgspec

from pikoci.internal.domain.image_name import (
    ImageNameError,
    Repository,
    checked_platform,
    checked_tag,
    parse_repository,
)
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

#: The tag that Docker means if there is none.
LATEST = "latest"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
    "i686": "386",
    "i386": "386",
}


class ImageSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where images are, which tags count, and how to get in. `name` is the repository as the pipeline writes it."""

    name: str
    repository: Repository
    tag: str = ""
    semver: str = ""
    tag_regex: str = ""
    variant: str = ""
    pre_releases: bool = False
    username: str = ""
    password: str = ""
    ca_cert: str = ""
    insecure: bool = False

    @property
    def base(self) -> str:
        """The address that all of the repository lies below."""
        return f"{'http' if self.insecure else 'https'}://{self.repository.host}/v2/{self.repository.path}"

    @property
    def follows_one_tag(self) -> bool:
        """Whether a new version is a new image under the same tag."""
        return not self.semver and not self.tag_regex


def read_source(params: Mapping[str, object]) -> ImageSource:
    """The source that `params` describe. Raises StepError for what cannot be."""
    name = text_of(params.get("repository"))
    try:
        repository = parse_repository(name)
        tag = text_of(params.get("tag"))
        return ImageSource(
            name=name,
            repository=repository,
            tag=checked_tag(tag) if tag else "",
            semver=text_of(params.get("semver")),
            tag_regex=text_of(params.get("tag_regex")),
            variant=text_of(params.get("variant")),
            pre_releases=bool(params.get("pre_releases")),
            username=text_of(params.get("username")),
            password=text_of(params.get("password")),
            ca_cert=text_of(params.get("ca_cert")),
            insecure=bool(params.get("insecure")),
        )
    except ImageNameError as error:
        raise refusal(error) from None


def tag_of(text: str) -> str:
    """`text`, if it can be a tag. Raises StepError."""
    try:
        return checked_tag(text)
    except ImageNameError as error:
        raise refusal(error) from None


def digest_of(value: object) -> str:
    """`value`, if it is the digest of a version. Raises StepError."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise StepError(failed(f'a version of an image needs a "digest" as sha256:<64 hex digits>, not {value!r}'))
    return value


def is_digest(text: str) -> bool:
    """Whether it is a digest that is understood here."""
    return _DIGEST.fullmatch(text) is not None


def platform_of(params: Mapping[str, object]) -> tuple[str, ...]:
    """Operating system, architecture and perhaps its variant; by default the worker's. Raises StepError."""
    wanted = text_of(params.get("platform"))
    if not wanted:
        machine = platform.machine()
        wanted = f"linux/{_ARCHITECTURES.get(machine, machine)}"
    try:
        return tuple(checked_platform(wanted).split("/"))
    except ImageNameError as error:
        raise refusal(error) from None


def refusal(error: ImageNameError) -> StepError:
    """The end of a step whose names cannot be."""
    return StepError(failed(f"{error}: {error.hint}" if error.hint else str(error)))
