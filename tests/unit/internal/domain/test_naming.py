"""The one form of names, written and read."""

import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.naming import Kind, Name, full_name, parse_name


def test_a_name_is_written_one_way() -> None:
    assert full_name("main", "day", "lint", number="3.1") == "main/day/lint#3.1"
    assert full_name("main", "day") == "main/day"
    assert full_name("", "", "lint", number="3") == "lint#3"


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("day", "pipeline", Name(pipeline="day")),
        ("main/day", "pipeline", Name("main", "day")),
        ("main/day/lint", "pipeline", Name("main", "day", "lint")),
        ("main/day/lint#3", "pipeline", Name("main", "day", "lint", "3")),
        ("lint", "job", Name(job="lint")),
        ("day/lint", "job", Name("", "day", "lint")),
        ("main/day/lint", "job", Name("main", "day", "lint")),
        ("3", "job", Name(job="3")),
        ("3", "build", Name(number="3")),
        ("#3.1", "build", Name(number="3.1")),
        ("lint#3", "build", Name("", "", "lint", "3")),
        ("day/lint#3", "build", Name("", "day", "lint", "3")),
        ("main/day/lint#3", "build", Name("main", "day", "lint", "3")),
        ("day/lint", "build", Name("", "day", "lint")),
        ("ann@example.com/day/lint", "job", Name("ann@example.com", "day", "lint")),
    ],
)
def test_a_name_is_read_as_far_as_it_goes(text: str, kind: Kind, name: Name) -> None:
    assert parse_name(text, kind) == name


@pytest.mark.parametrize("kind", ["pipeline", "job", "build"])
@pytest.mark.parametrize(
    "text", ["", "#", "a//b", "/a", "a/", "a/b/c/d", "a#x", "a#0", "a#1#2", "a b", "a\n", "a#03", "a@b", "n" * 201]
)
def test_what_is_no_name_is_refused_with_the_form(text: str, kind: Kind) -> None:
    with pytest.raises(InvalidError, match=f"cannot name a {kind}") as caught:
        parse_name(text, kind)
    assert caught.value.hint.startswith("write [")
