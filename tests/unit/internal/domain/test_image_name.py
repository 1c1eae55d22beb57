"""Names of images."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.image_name import ImageNameError, checked_platform, checked_tag, parse_repository


@pytest.mark.parametrize(
    ("name", "host", "path"),
    [
        ("alpine", "registry-1.docker.io", "library/alpine"),
        ("team/app", "registry-1.docker.io", "team/app"),
        ("docker.io/alpine", "registry-1.docker.io", "library/alpine"),
        ("index.docker.io/team/app", "registry-1.docker.io", "team/app"),
        ("ghcr.io/team/app", "ghcr.io", "team/app"),
        ("localhost/app", "localhost", "app"),
        ("localhost:5000/a/b/c", "localhost:5000", "a/b/c"),
        ("[::1]:5000/app", "[::1]:5000", "app"),
    ],
)
def test_where_images_are(name: str, host: str, path: str) -> None:
    found = parse_repository(name)
    assert (found.host, found.path) == (host, path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("alpine:3.20", 'write repository = "alpine" and tag = "3.20"'),
        ("ghcr.io/a/b:1", 'write repository = "ghcr.io/a/b" and tag = "1"'),
        ("alpine@sha256:00", "write the name alone"),
        ("https://ghcr.io/a", "without https://"),
        ("ghcr.io/App", "in lower case"),
        ("ghcr.io/../x", "HOST/NAME"),
        ("a b/c", "HOST/NAME"),
        ("", "HOST/NAME"),
        ("user:pw@host/x", "write the name alone"),
        ("x" * 300, "HOST/NAME"),
    ],
)
def test_what_is_no_repository(name: str, hint: str) -> None:
    with pytest.raises(ImageNameError) as caught:
        parse_repository(name)
    assert hint in caught.value.hint


def test_tags_and_platforms() -> None:
    assert checked_tag("v1.2_x-3") == "v1.2_x-3"
    assert checked_platform("linux/arm/v7") == "linux/arm/v7"
    for wrong in ("", "a/b", "-a", "a" * 129, "a b"):
        with pytest.raises(ImageNameError):
            checked_tag(wrong)
    for wrong in ("arm64", "linux", "linux/arm64/v8/x", "Linux/amd64"):
        with pytest.raises(ImageNameError):
            checked_platform(wrong)
