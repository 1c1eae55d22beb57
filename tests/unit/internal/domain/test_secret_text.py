"""Texts of a plan with places for secrets come out as they went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.domain.secret_text import FORM, SecretReference, compose, fill, plain, references, shown

VALUES = {"a": "1", "b": f'{FORM}[{{"var":"a"}}]'}
TEXTS = st.one_of(st.text(), st.text().map(FORM.__add__), st.text().map(lambda text: f'{FORM}["{text}"]'))
PARTS = st.lists(st.one_of(TEXTS, st.sampled_from(sorted(VALUES)).map(SecretReference)))


@given(TEXTS)
def test_a_text_of_any_look_stays_what_it_is(text: str) -> None:
    assert fill(plain(text), VALUES.__getitem__) == text
    assert list(references(plain(text))) == []
    assert shown(plain(text)) == text


@given(PARTS)
def test_values_stand_between_the_other_parts_byte_for_byte(parts: list[str | SecretReference]) -> None:
    wanted = "".join(part if isinstance(part, str) else VALUES[part.var] for part in parts)

    assert fill([{"x": compose(parts)}], VALUES.__getitem__) == [{"x": wanted}]
    assert set(references([{"x": compose(parts)}])) == {part.var for part in parts if not isinstance(part, str)}


def test_it_is_shown_as_people_write_it() -> None:
    assert shown(compose(["Bearer ", SecretReference("token")])) == "Bearer ${var.token}"


def test_what_is_no_text_stays() -> None:
    assert fill({"a": [1, None, True, 1.5]}, VALUES.__getitem__) == {"a": [1, None, True, 1.5]}
