"""Values are sealed for a place, by the first key, and opened by any."""

import pytest

from pikoci.internal.store.sealing import PREFIX, SealedError, Sealing

OLD, NEW = "an old key of thirty-two bytes or more", "a new key of thirty-two bytes or more"
PLACE = "secret TOKEN of team 1"


def test_what_is_sealed_shows_nothing_and_comes_back() -> None:
    sealing = Sealing([NEW])
    sealed = sealing.seal(b"hunter22", PLACE)
    assert sealed.startswith(sealing.prefix.encode())
    assert b"hunter22" not in sealed
    assert sealing.open(sealed, PLACE) == b"hunter22"
    assert sealing.seal(b"hunter22", PLACE) != sealed, "the same value looks different each time"


def test_without_a_key_values_stay_as_they_are() -> None:
    sealing = Sealing()
    assert (sealing.key_id, sealing.prefix) == ("", "")
    assert sealing.seal(b"plain", PLACE) == b"plain"
    assert sealing.open(b"plain", PLACE) == b"plain"


def test_new_values_have_the_first_key_and_old_ones_open_still() -> None:
    before, both = Sealing([OLD]), Sealing([NEW, OLD])
    sealed = before.seal(b"hunter22", PLACE)
    assert both.open(sealed, PLACE) == b"hunter22"
    assert not sealed.startswith(both.prefix.encode())
    assert both.key_id == Sealing([NEW]).key_id
    assert both.knows(before.key_id)
    assert not before.knows(both.key_id)


def test_a_value_of_another_key_names_it() -> None:
    other = Sealing([OLD])
    sealed = other.seal(b"hunter22", PLACE)
    for sealing in (Sealing([NEW]), Sealing()):
        with pytest.raises(SealedError, match=f"{PLACE} is encrypted with the key {other.key_id}") as caught:
            sealing.open(sealed, PLACE)
        assert "that key" in caught.value.hint


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("secret TOKEN of team 2", lambda sealed: sealed),
        (PLACE, lambda sealed: sealed[:-8] + b"AAAAAAA="),
        (PLACE, lambda sealed: sealed[:40]),
        (PLACE, lambda sealed: sealed + b"!"),
        (PLACE, lambda sealed: PREFIX + b"x"),
    ],
    ids=["moved", "changed", "cut", "no base64", "no key"],
)
def test_a_value_that_was_moved_or_changed_does_not_open(place: str, change: object) -> None:
    assert callable(change)
    sealing = Sealing([NEW])
    with pytest.raises(SealedError, match=f"{place} is damaged, or was moved"):
        sealing.open(change(sealing.seal(b"hunter22", PLACE)), place)
