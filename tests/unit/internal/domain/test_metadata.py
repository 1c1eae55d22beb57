"""What is told of versions is shown to people: bounded, in one line, and a link only where it is one."""

import pytest

from pikoci.internal.domain.metadata import MAX_ENTRIES, MAX_LENGTH, tidy


def test_text_is_in_one_line_and_bounded() -> None:
    found = tidy({"author": " Ada\n\x1b[31mL\u202e. ", "message": "m" * 5000, "empty": " \n", "half": "a\ud800b"})
    assert found == {"author": "Ada [31mL .", "message": "m" * (MAX_LENGTH - 1) + "…", "half": "a b"}


def test_odd_names_and_more_than_enough_entries_are_left_out() -> None:
    assert tidy({"": "x", "A b": "x", "<b>": "x", "n" * 50: "x"}) == {}
    assert len(tidy({f"n{number}": "x" for number in range(50)})) == MAX_ENTRIES


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://forge.example/owner/app/pull/1", True),
        ("http://127.0.0.1:8080/x?y=z#a", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)//https://x", False),
        ('https://x/"onclick="alert(1)', False),
        ("https://" + "x" * MAX_LENGTH, False),
        ("https://x y", False),
        ("//x", False),
    ],
)
def test_only_web_addresses_are_links(url: str, taken: bool) -> None:
    assert tidy({"url": url}) == ({"url": url} if taken else {})
