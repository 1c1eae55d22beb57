"""Params of registry-image and s3, as the language checks them."""

from __future__ import annotations

import pytest

from tests.unit.internal.pipeline.loading import Finding, find, run, spec_of, warnings_of


def image(*lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'resource "registry-image" "i" {{\n  params {{\n{body}  }}\n}}\n'


def test_a_whole_one_is_taken() -> None:
    text = image('repository = "ghcr.io/a/b"', 'semver = ">= 1.2 < 3"', 'username = "u"', 'password = "secret-word"')
    [resource] = spec_of(text).resources
    assert resource.params["semver"] == ">= 1.2 < 3"


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ('tag = "a b"', Finding(4, 11, 'Wrong value for "tag"', any_text=True)),
        ('semver = "one"', Finding(4, 14, 'Wrong value for "semver"', any_text=True)),
        ('platform = "arm"', Finding(4, 16, 'Wrong value for "platform"', any_text=True)),
        ('tags = "x"', Finding(4, 5, 'Unknown param "tags" of registry-image', any_text=True)),
    ],
)
def test_a_wrong_value_is_shown_where_it_stands(line: str, finding: Finding) -> None:
    assert find(image('repository = "alpine"', line)) == [finding]


def test_a_tag_in_the_name_is_told_where_it_goes() -> None:
    assert find(image('repository = "alpine:3"')) == [
        Finding(
            3,
            18,
            'Wrong value for "repository"',
            '"alpine:3" holds a tag.',
            'write repository = "alpine" and tag = "3"',
        )
    ]


def test_two_ways_to_choose_tags_are_one_too_many() -> None:
    assert find(image('repository = "a"', 'tag = "1"', 'semver = "*"')) == [
        Finding(5, 14, 'Both "tag" and "semver"', "Each says which tags are versions.", "take one of them out")
    ]


def test_what_needs_semver_says_so() -> None:
    [warning] = warnings_of(image('repository = "a"', "pre_releases = true"))
    assert warning.summary == '"pre_releases" has no effect without "semver"'


def test_a_value_that_comes_later_is_not_looked_into() -> None:
    text = 'variable "v" {\n  secret "file" {\n    path = "p"\n    key  = "k"\n  }\n}\n'
    assert run(text + image('repository = "ghcr.io/${var.v}"', "tag = var.v")).ok
    absent = 'variable "z" {}\n' + image("repository = var.z", "semver = var.z")
    assert run(absent, allow_missing_variables=True).ok


def objects(*lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'resource "s3" "o" {{\n  params {{\n{body}  }}\n}}\n'


@pytest.mark.parametrize(
    ("lines", "line", "column", "summary"),
    [
        ([], 2, 3, 'Neither "regexp" nor "versioned_file"'),
        (['regexp = "a-.*"'], 4, 14, 'Wrong value for "regexp"'),
        (['regexp = "a-(.*"'], 4, 14, 'Wrong value for "regexp"'),
        (['versioned_file = "a/../b"'], 4, 22, 'Wrong value for "versioned_file"'),
        (['regexp = "(a)"', 'versioned_file = "b"'], 5, 22, 'Both "regexp" and "versioned_file"'),
        (['regexp = "(a)"', 'access_key_id = "b"'], 5, 21, '"access_key_id" without "secret_access_key"'),
        (['regexp = "(a)"', 'session_token = "b"'], 5, 21, '"session_token" without "access_key_id"'),
    ],
)
def test_what_is_wrong_with_objects_is_told(lines: list[str], line: int, column: int, summary: str) -> None:
    assert find(objects('bucket = "b"', *lines)) == [Finding(line, column, summary, any_text=True)]


def test_whole_objects_are_taken_and_their_secrets_masked() -> None:
    text = objects('bucket = "b"', 'regexp = "(a)"', 'access_key_id = "key-id-x"', 'secret_access_key = "secret-x"')
    spec = spec_of(text)
    assert {"key-id-x", "secret-x"} <= set(spec.masks)
