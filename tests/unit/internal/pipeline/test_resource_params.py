"""What the params of built-in resource types may be."""

from __future__ import annotations

from tests.unit.internal.pipeline.loading import Finding, find, job, run, spec_of


def http(line: str) -> str:
    return f'resource "http" "f" {{\n  params {{\n    url = "https://example.com/f"\n    {line}\n  }}\n}}\n'


def test_a_value_that_is_none_of_the_choices_is_refused_where_it_stands() -> None:
    assert find(http('version = "etags"')) == [
        Finding(4, 15, 'Wrong value for "version"', "It has a few values only.", 'did you mean "etag"?')
    ]
    put = job('put "http" "f" {\n    file   = "x"\n    method = "DELETE"\n  }')
    assert find(http("") + put) == [
        Finding(10, 14, 'Wrong value for "method"', "It has a few values only.", "known are PATCH, POST, PUT")
    ]


def test_a_path_that_is_none_is_refused_where_it_stands() -> None:
    assert find(http('version_path = "tag"')) == [
        Finding(
            4,
            20,
            'Wrong value for "version_path"',
            '"tag" is no path to a value.',
            'write $.tag_name, or $.assets[0]["file name"]',
        )
    ]


def test_values_without_a_value_yet_are_no_error() -> None:
    text = 'variable "v" {}\n' + http("version = var.v")
    assert run(text, allow_missing_variables=True).ok
    assert spec_of(http('version = ""')).resources[0].params == {"url": "https://example.com/f"}


def test_secret_headers_are_masked_and_others_not() -> None:
    spec = spec_of(http('secret_headers = { X-Key = "hunter22" }\n    headers = { Accept = "text/plain" }'))
    assert spec.masks == ["hunter22"]
