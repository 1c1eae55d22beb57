"""What stores of secrets give becomes values by keys, byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.worker.tools.secret_error import SecretError
from pikoci.internal.worker.tools.secret_values import read_file, read_object, value_of


@pytest.mark.parametrize(
    ("data", "path", "form", "values"),
    [
        ("a\r\n", "key.pem", "", {"content": "a\r\n"}),
        ("", "empty", "", {"content": ""}),
        ('{"a": "b"}', "x.json", "raw", {"content": '{"a": "b"}'}),
        ('{"a": "b", "n": 1}', "x.JSON", "", {"a": "b", "n": 1}),
        (
            "a: yes\nb: 010\nc: 2026-01-02\nd: 'it''s'\n",
            "x.yml",
            "",
            {"a": "yes", "b": "010", "c": "2026-01-02", "d": "it's"},
        ),
        ("a: [1]\nb: {c: d}\ne: f\n", "x.yaml", "", {"e": "f"}),
        (
            "# no\n\nA=1\n export B = 2\nexport C='x y'\r\nD=\"q'\nE=a=b#c\n2F=no\nG=\nH=\"\n",
            ".env",
            "env",
            {"A": "1", "C": "x y", "D": "\"q'", "E": "a=b#c", "G": "", "H": '"'},
        ),
    ],
)
def test_a_file_is_read_by_its_format(data: str, path: str, form: str, values: dict[str, object]) -> None:
    assert read_file(data.encode(), path, form) == values


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        (b"\xff\xfe", "x", 'the file "x" is no text in UTF-8'),
        (b"hunter22", "x.json", 'the file "x.json" holds no JSON object'),
        (b"[1]", "x.json", 'the file "x.json" holds no JSON object'),
        (b"hunter22", "x.yaml", 'the file "x.yaml" holds no YAML mapping'),
        (b"a: &a [*a", "x.yaml", 'the file "x.yaml" holds no YAML mapping'),
        (b"!!python/object/apply:os.system [id]", "x.yaml", 'the file "x.yaml" holds no YAML mapping'),
        (b"[" * 100_000, "x.json", 'the file "x.json" holds no JSON object'),
    ],
)
def test_what_is_no_file_of_its_format_is_refused_without_showing_it(data: bytes, path: str, reason: str) -> None:
    with pytest.raises(SecretError) as error:
        read_file(data, path, "")
    assert str(error.value) == reason


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(SecretError, match='"toml" is no format of a file'):
        read_file(b"", "x", "toml")


@given(st.text().filter(lambda text: "\0" not in text))
def test_a_text_in_json_arrives_as_it_is(text: str) -> None:
    assert value_of(read_object(json.dumps({"k": text}).encode(), "it"), "k", "string") == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (5432, "string", "5432"),
        (1.5, "number", "1.5"),
        ("-1e3", "number", "-1e3"),
        (True, "bool", "true"),
        ("false", "bool", "false"),
    ],
)
def test_a_value_is_of_its_type(value: object, kind: str, text: str) -> None:
    assert value_of({"k": value}, "k", kind) == text


@pytest.mark.parametrize(
    ("value", "kind"), [("", "number"), ("1x", "number"), ("0x1", "number"), ("yes", "bool"), (1, "bool")]
)
def test_a_value_of_another_type_is_refused_without_showing_it(value: object, kind: str) -> None:
    with pytest.raises(SecretError, match=f'^the value at the key "k" is no {kind}'):
        value_of({"k": value}, "k", kind)
