"""Which forge a git address is of, and what addresses follow."""

import pytest

from pikoci.internal.domain.forges import forge_of


@pytest.mark.parametrize(
    ("url", "provider", "project", "web", "api"),
    [
        ("https://github.com/a/b.git", "github", "a/b", "https://github.com/a/b", "https://api.github.com"),
        ("git@github.com:a/b.git", "github", "a/b", "https://github.com/a/b", "https://api.github.com"),
        ("ssh://git@github.com:22/a/b", "github", "a/b", "https://github.com/a/b", "https://api.github.com"),
        (
            "https://github.example.org/a/b",
            "github",
            "a/b",
            "https://github.example.org/a/b",
            "https://github.example.org/api/v3",
        ),
        ("https://gitlab.com/a/b/c.git", "gitlab", "a/b/c", "https://gitlab.com/a/b/c", "https://gitlab.com/api/v4"),
        ("https://codeberg.org/a/b", "gitea", "a/b", "https://codeberg.org/a/b", "https://codeberg.org/api/v1"),
        (
            "http://forgejo.lan:3000/a/b/",
            "gitea",
            "a/b",
            "http://forgejo.lan:3000/a/b",
            "http://forgejo.lan:3000/api/v1",
        ),
    ],
)
def test_plain_hosts(url: str, provider: str, project: str, web: str, api: str) -> None:
    forge = forge_of(url)
    assert forge is not None
    assert (forge.provider, forge.project, forge.web, forge.api) == (provider, project, web, api)


@pytest.mark.parametrize(
    "url",
    ["https://git.example.org/a/b", "/srv/github/a", "file:///github.com/a/b", "https://github.com/a",
     "https://mygithub.com/a/b", "https://github.com/../b", "https://[github.com/a/b", "https://git hub.com/a/b"],
)  # fmt: skip
def test_addresses_that_tell_no_forge(url: str) -> None:
    assert forge_of(url) is None


def test_a_forge_that_is_named() -> None:
    forge = forge_of("https://git.example.org/forge/a/b.git", "forgejo", "https://git.example.org/forge/api/v1/")
    assert forge is not None
    assert (forge.project, forge.api) == ("a/b", "https://git.example.org/forge/api/v1")
    assert forge.pull_page(7) == "https://git.example.org/forge/a/b/pulls/7"
    assert forge.commit_page("c0ffee") == "https://git.example.org/forge/a/b/commit/c0ffee"


def test_a_gitlab_below_a_path() -> None:
    forge = forge_of("https://example.org/git/group/sub/app", "gitlab", "https://example.org/git/api/v4")
    assert forge is not None
    assert forge.project == "group/sub/app"
    assert forge.pull_page(7) == "https://example.org/git/group/sub/app/-/merge_requests/7"
    assert forge.pull_ref(7) == "refs/merge-requests/7/head"
