"""Params of a git resource that are about pull requests."""

from __future__ import annotations

import pytest

from tests.unit.internal.pipeline.loading import Finding, find, spec_of, warnings_of

PLAIN = "https://github.com/owner/app.git"


def git(*lines: str, url: str = PLAIN) -> str:
    inner = "".join(f"    {line}\n" for line in (f'url = "{url}"', *lines))
    return f'resource "git" "g" {{\n  params {{\n{inner}  }}\n}}\n'


def test_what_is_wanted_of_pull_requests() -> None:
    lines = ('pr = "true"', 'labels = ["a"]', "drafts = true", "forks = true", 'fork_label = "ok"', 'base = "main"')
    assert spec_of(git(*lines)).resources[0].params == {
        "url": PLAIN,
        "pr": True,
        "labels": ["a"],
        "drafts": True,
        "forks": True,
        "fork_label": "ok",
        "base": "main",
    }
    assert warnings_of(git(*lines)) == []


def test_what_cannot_be_is_told_at_its_place() -> None:
    assert find(git("pr = true", "forks = true")) == [
        Finding(
            5,
            5,
            'Missing param "fork_label" of git',
            "Anybody can open a pull request from a fork, and it would run on your workers.",
            'write fork_label = "ok to test", a label that only maintainers can set',
        )
    ]
    assert find(git("pr = true", 'tag = "v*"')) == [
        Finding(4, 5, 'Both "pr" and "tag"', "Versions are pull requests or tags.", "make a resource for each")
    ]
    assert find(git("pr = true", url="https://git.example.com/a/b")) == [
        Finding(
            4,
            5,
            "Unknown forge",
            "The url does not tell which forge has the pull requests.",
            'write provider = "...": github, gitlab, gitea, forgejo; the url must be one of http, https or ssh',
        )
    ]
    assert find(git('provider = "gitbub"')) == [
        Finding(4, 16, 'There is no provider "gitbub"', "", 'did you mean "github"?')
    ]


@pytest.mark.parametrize("line", ['provider = "forgejo"', 'provider = "gitlab"'])
def test_a_forge_that_is_named_need_not_be_plain(line: str) -> None:
    assert spec_of(git("pr = true", line, url="https://git.example.com/a/b")).resources


def test_what_has_no_effect_is_warned_of() -> None:
    assert [one.summary for one in warnings_of(git('labels = ["a"]'))] == ['The param "labels" of git has no effect']
    assert [one.summary for one in warnings_of(git("pr = true", 'branch = "main"'))] == [
        'The param "branch" of git has no effect on which pull requests are found'
    ]


def test_a_value_that_is_not_known_yet_is_no_error() -> None:
    text = """
variable "url" {
  secret "vault" {
    path = "p"
    key  = "k"
  }
}
secret_type "vault" {
  source = "pikoci://vault"
  address = "https://vault:8200"
  token = "t"
}
resource "git" "g" {
  params {
    url = var.url
    pr  = true
  }
}
"""
    assert spec_of(text).resources
