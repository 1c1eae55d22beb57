"""YAML is read within bounds, and makes nothing but plain values."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.errors import InvalidError, PikociError, TooLargeError
from pikoci.internal.pipeline.concourse.document import MAX_BYTES, read

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new}\n  <<: [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("12", 12),
        ("012", "012"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("1e9", "1e9"),
        ("9999999999999999999999", "9999999999999999999999"),
        ("'12'", "12"),
        ("2020-01-01", "2020-01-01"),
        ("!!python/object/apply:os.system [id]", ["id"]),
        ("!!python/name:os.system x", "x"),
    ],
)
def test_values(text: str, value: object) -> None:
    assert read(f"a: {text}", "f") == {"a": value}


def test_values_know_their_lines_and_merged_keys_come_last() -> None:
    found = read("base: &b\n  x: 1\n  y: 2\none:\n  <<: *b\n  x: 3\nlist:\n- a\n- b\n", "f")
    assert found["one"] == {"x": 3, "y": 2}
    assert (found.lines["one"], found["one"].lines["y"], found["list"].lines) == (4, 3, [8, 9])


@pytest.mark.parametrize("text", [BOMB, MERGES])
def test_aliases_cannot_make_a_small_file_large(text: str) -> None:
    with pytest.raises(TooLargeError, match="aliases followed"):
        read(text, "f")


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", f"a: {'[' * 70}{']' * 70}"])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="nested too deeply"):
        read(text, "f")


def test_a_large_file_is_refused_unread() -> None:
    with pytest.raises(TooLargeError, match="is too large"):
        read("a: " + "x" * MAX_BYTES, "f")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "this is no YAML"),
        ("a: b: c", "f:1:5: this is no YAML"),
        ("a: 1\n---\nb: 2\n", "f:2:1: this is no YAML"),
        ("a: *b", "f:1:4: this is no YAML: found undefined alias"),
        ("- a", "f holds no map"),
        ("", "f holds no map"),
        ("a: \x00", "this is no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PikociError) as caught:
        read(text, "f")
    assert message in caught.value.message
