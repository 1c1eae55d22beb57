"""Text, JSON and cursors on their way in and out of a store."""

import base64
import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.store.values import (
    Key,
    decode_cursor,
    encode_cursor,
    encode_json,
    key_text,
    shown_text,
    version_key,
)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("plain", "plain"),
        ("a\0b", "a\ufffdb"),
        ("ünï💥", "ünï💥"),
        ("é\0", "é\ufffd"),
        ("a\ud800é", "a\ufffdé"),
        ("", ""),
    ],
)
def test_shown_text_is_made_storable(given_text: str, kept: str) -> None:
    assert shown_text(given_text) == kept


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_shown(text: str) -> None:
    shown = shown_text(text)
    assert "\0" not in shown
    assert shown.encode().decode() == shown


@pytest.mark.parametrize("text", ["a\0b", "é\ud800"])
def test_a_key_that_cannot_be_kept_is_named(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^the job's name contains"):
        key_text(text, "the job's name")


def test_a_good_key_is_kept() -> None:
    assert key_text("ünï", "x") == "ünï"


def test_the_order_of_keys_does_not_make_a_version() -> None:
    digest, text = version_key({"b": [{"z": 1, "a": 2}], "a": None})
    assert text == '{"a":null,"b":[{"a":2,"z":1}]}'
    assert digest == hashlib.sha256(text.encode()).digest()
    assert version_key({"a": None, "b": [{"a": 2, "z": 1}]}) == (digest, text)


@pytest.mark.parametrize(("one", "two"), [({"a": 1}, {"a": "1"}), ({"a": [1, 2]}, {"a": [2, 1]}), ({}, {"a": None})])
def test_different_objects_are_different_versions(one: object, two: object) -> None:
    assert version_key(one) != version_key(two)


def test_nul_in_json_is_an_escape() -> None:
    assert encode_json({"a": "\0"}) == '{"a":"\\u0000"}'


@given(st.integers(0, 2**63 - 1), st.text())
def test_a_cursor_says_what_it_was_told(number: int, text: str) -> None:
    assert decode_cursor(encode_cursor(number), tuple[int]) == (number,)
    assert decode_cursor(encode_cursor(number, text), tuple[int, str]) == (number, text)
    assert encode_cursor(number, text).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("number", [-1, 2**63, 2**80])
def test_a_key_in_a_cursor_has_bounds(number: int) -> None:
    with pytest.raises(InvalidError, match="cursor"):
        decode_cursor(base64.urlsafe_b64encode(f"[{number}]".encode()).decode().rstrip("="), tuple[Key])


@given(st.text(max_size=40))
def test_anything_else_is_no_cursor(text: str) -> None:
    # Any other error fails the test.
    with suppress(InvalidError):
        assert isinstance(decode_cursor(text, tuple[int])[0], int)
